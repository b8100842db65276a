/**
 * A worker of a wide channel: serves one chunk of the receivers of a message. Started by the publisher's function, awaited by nobody.
 * A chunk that is lost, late or run twice breaks no promise: receivers of level 1 find gaps and repetitions by the sequence.
 */
import { decodeChunk } from '../delivery/chunk';
import { Deadline, jobTimeMs } from '../shared/deadline';
import { onePage } from '../shared/each-concurrently';
import { errorFields } from '../shared/error-fields';
import { countFields, fanOut, type FanOutDependencies } from '../delivery/fan-out';
import type { EventClock } from '../shared/ports';
import { RetryingSender } from '../delivery/retrying-sender';

export function fanOutRoute(deps: FanOutDependencies & { readonly clock: EventClock }) {
  return async (event: Readonly<Record<string, unknown>>): Promise<void> => {
    const { clock, log } = deps;
    const startedAt = clock.monotonic();
    const deadline = new Deadline(clock, startedAt + jobTimeMs);
    const { tenantId, channelId, messages, receivers, at } = decodeChunk(event);
    clock.startEvent(at);
    try {
      const sender = new RetryingSender(deps.sender, clock, deadline);
      // The sender of the message was served before.
      const target = { tenantId, channelId, senderConnectionId: '' };
      const { counts } = await fanOut(deps, sender, target, messages, onePage(receivers), deadline);
      log.info('chunk_served', {
        tenant_id: tenantId,
        ...countFields(counts),
        ms: clock.monotonic() - startedAt,
      });
    } catch (error) {
      // Thrown on, so that Lambda counts it. The event is not kept: it holds the messages.
      log.error('chunk_failed', {
        tenant_id: tenantId,
        channel_id: channelId,
        receivers: receivers.length,
        ...errorFields(error),
      });
      throw error;
    }
  };
}
