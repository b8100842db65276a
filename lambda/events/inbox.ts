/**
 * Pushes an inbox to a connection that has just come. Started by connect and not awaited by anybody; by itself for the rest
 * of a large inbox.
 */
import { Deadline, jobTimeMs } from '../shared/deadline';
import { deliverTexts } from '../inbox/deliver-texts';
import { errorFields } from '../shared/error-fields';
import { decodeInboxJob, encodeInboxJob } from '../shared/inbox-job';
import type { ConnectionSender, EventClock, Invoker, Logger } from '../shared/ports';
import { pushInbox, type PushDependencies } from '../inbox/push-inbox';
import { PushRecord } from '../inbox/push-record';
import { RetryingSender } from '../delivery/retrying-sender';

export interface InboxDependencies extends PushDependencies {
  readonly sender: ConnectionSender;
  readonly invoker: Invoker;
  readonly clock: EventClock;
  /** The name of the function that this is. */
  readonly ownName: string;
  readonly log: Logger;
}

export function inboxRoute(deps: InboxDependencies) {
  return async (event: Readonly<Record<string, unknown>>): Promise<void> => {
    const { clock, log } = deps;
    const startedAt = clock.monotonic();
    const deadline = new Deadline(clock, startedAt + jobTimeMs);
    const order = decodeInboxJob(event);
    clock.startEvent(order.at);
    const { tenantId, agentId, connectionId } = order;
    const record = new PushRecord();
    const fields = { connection_id: connectionId, tenant_id: tenantId, agent_id: agentId };
    try {
      const sender = new RetryingSender(deps.sender, clock, deadline);
      const deliver = record.watch(deliverTexts(sender, deps.sender, clock, order));
      const {
        kind,
        taken,
        inboxMark: mark,
      } = await pushInbox(deps, order, order.inboxMark, deliver, deadline);
      // A push that got nowhere would only do so again.
      const goesOn = mark !== undefined && taken > 0;
      if (goesOn)
        await deps.invoker.start(
          deps.ownName,
          encodeInboxJob({ ...order, inboxMark: mark, at: clock.now() }),
        );
      log.info('inbox_pushed', {
        ...fields,
        outcome: kind,
        messages: taken,
        ...record.fields,
        ms: clock.monotonic() - startedAt,
      });
    } catch (error) {
      // Thrown again, so that the event goes to the failure queue. The mark stays, so the next connection gets the messages.
      log.error('inbox_push_failed', { ...fields, ...record.fields, ...errorFields(error) });
      throw error;
    }
  };
}
