/**
 * Sends a change of presence to its watchers. The function that made the change starts it and does not wait for it. What an agent
 * changes by a frame is charged here, where the watchers are known; `default` refuses the next frames.
 */
import { Deadline, jobTimeMs } from '../shared/deadline';
import { errorFields } from '../shared/error-fields';
import { decodePresenceJob } from '../agents/presence-job';
import type { EventClock } from '../shared/ports';
import { MeteredSender } from '../delivery/metered-sender';
import { sendPresenceEvent, type PresenceEventDependencies } from '../delivery/send-presence-event';
import { RateLimiter, type RateLimiterDependencies } from '../publish/rates/rate-limiter';
import type { WorkMeter } from '../shared/work-meter';

export type PresenceRouteDependencies = PresenceEventDependencies &
  RateLimiterDependencies & { readonly clock: EventClock; readonly work: WorkMeter };

export function presenceRoute({ sender: unmetered, ...others }: PresenceRouteDependencies) {
  const { work } = others;
  const deps = { ...others, sender: new MeteredSender(unmetered, work) };
  const limiter = new RateLimiter(deps);
  return async (event: Readonly<Record<string, unknown>>): Promise<void> => {
    const { clock, log } = deps;
    const startedAt = clock.monotonic();
    const order = decodePresenceJob(event);
    const { tenantId, presence, reason } = order;
    // It is started as soon as the agent has changed.
    clock.startEvent(presence.changedAt);
    work.reset();
    work.invocation();
    // RAT-5. Not for connections that come and go: a fleet that connects again must not be refused its frames.
    const isCharged = reason === 'changed';
    const fields = { tenant_id: tenantId, agent_id: presence.agentId, reason };
    try {
      const counts = await sendPresenceEvent(deps, order, new Deadline(clock, startedAt + jobTimeMs));
      const outcome = counts === undefined ? 'came-back' : 'told';
      const work_units = isCharged ? Math.round(work.units * 1_000) / 1_000 : undefined;
      log.info('presence_told', {
        ...fields,
        outcome,
        ...counts,
        work_units,
        ms: clock.monotonic() - startedAt,
      });
    } catch (error) {
      // Thrown on, so that Lambda counts it. Watchers find out by a query.
      log.error('presence_not_told', { ...fields, ...errorFields(error) });
      throw error;
    } finally {
      const uncounted = { admitted: 1, estimate: 0, countedAt: presence.changedAt };
      const agent = { tenantId, agentId: presence.agentId };
      if (isCharged) await limiter.charge(agent, uncounted, work.units);
    }
  };
}
