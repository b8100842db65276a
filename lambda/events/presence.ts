/**
 * Sends a change of presence to its watchers. The function that made the change starts it and does not wait for it.
 */
import { Deadline, jobTimeMs } from '../shared/deadline';
import { errorFields } from '../shared/error-fields';
import { decodePresenceJob } from '../agents/presence-job';
import type { EventClock } from '../shared/ports';
import { sendPresenceEvent, type PresenceEventDependencies } from '../delivery/send-presence-event';

export function presenceRoute(deps: PresenceEventDependencies & { readonly clock: EventClock }) {
  return async (event: Readonly<Record<string, unknown>>): Promise<void> => {
    const { clock, log } = deps;
    const startedAt = clock.monotonic();
    const order = decodePresenceJob(event);
    const { tenantId, presence, reason } = order;
    // It is started as soon as the agent has changed.
    clock.startEvent(presence.changedAt);
    const fields = { tenant_id: tenantId, agent_id: presence.agentId, reason };
    try {
      const counts = await sendPresenceEvent(deps, order, new Deadline(clock, startedAt + jobTimeMs));
      const outcome = counts === undefined ? 'came-back' : 'told';
      log.info('presence_told', { ...fields, outcome, ...counts, ms: clock.monotonic() - startedAt });
    } catch (error) {
      // Thrown on, so that Lambda counts it. Watchers find out by a query.
      log.error('presence_not_told', { ...fields, ...errorFields(error) });
      throw error;
    }
  };
}
