/**
 * Tells the world outside that a sleeping agent has mail, so that somebody starts it: once for each absence, at most once in half a
 * minute. A claim in the agent's item comes before the event, and `announced` after it. What fails in between is found by the
 * next message, or by the sweep.
 */
import type { AgentName, AgentStore, AgentView, WakeClaim } from '../shared/stores/agent-store';
import { errorFields } from '../shared/error-fields';
import type { BusEvent, Clock, EventSink, Logger } from '../shared/ports';

export interface WakeDependencies {
  readonly agents: Pick<AgentStore, 'claimWake' | 'markWoken'>;
  readonly events?: EventSink | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** At most one event of an agent in that time. */
export const wakePauseMs = 30_000;

/** Whether nobody was told since the agent has left, as far as its item says. An agent with a dead connection is the sweep's. */
export function isWakeDue(
  { connectionIds, version = 0, announcedFor, wakeClaimedAt = 0 }: AgentView,
  now: number,
): boolean {
  return (
    connectionIds.length === 0 && announcedFor !== version && Math.abs(now - wakeClaimedAt) >= wakePauseMs
  );
}

/** Never throws. Gives the number of agents about whom an event was sent. */
export async function wake(deps: WakeDependencies, agents: readonly AgentName[]): Promise<number> {
  const { events } = deps;
  if (events === undefined) return 0;
  const claims = (await Promise.all(agents.map((agent) => safely(deps, agent, claim(deps, agent))))).filter(
    (each) => each !== undefined,
  );
  const taken = await events.send(claims.map((each) => wakeEvent(each, deps.clock.now())));
  const sent = claims.filter((_, index) => taken[index]);
  await Promise.all(sent.map((each) => safely(deps, each, deps.agents.markWoken(each))));
  return sent.length;
}

function claim({ agents }: WakeDependencies, { tenantId, agentId }: AgentName) {
  return agents.claimWake(tenantId, agentId, wakePauseMs);
}

function wakeEvent({ tenantId, agentId, sequence }: WakeClaim, now: number): BusEvent {
  const timestamp = new Date(now).toISOString();
  const detail = { tenant_id: tenantId, agent_id: agentId, sequence, timestamp };
  return { type: 'message.stored', detail: JSON.stringify(detail) };
}

async function safely<T>(
  { log }: WakeDependencies,
  { tenantId, agentId }: AgentName,
  work: Promise<T>,
): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    log.error('wake_failed', { tenant_id: tenantId, agent_id: agentId, ...errorFields(error) });
    return undefined;
  }
}
