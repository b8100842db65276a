/**
 * The position up to which an agent has handled its inbox, as its clients report it (INB-6). It is stored with the agent, so
 * that a restarted process continues there.
 */
import type { Handled, Position } from '../../protocol/index';
import type { Caller } from '../shared/caller';
import type { LogDependencies } from '../log/head';
import type { AgentStore } from '../shared/stores/agent-store';

export interface HandledDependencies extends Pick<LogDependencies, 'retentionMs'> {
  readonly agents: Pick<AgentStore, 'getAgent' | 'saveHandled'>;
}

/** What is reported, as a position of the log that ends at `head`: never above it. `undefined` for one of another epoch. */
export function handledUpTo(reported: Handled, head: Position): Position | undefined {
  if (reported === 'none' || reported.epoch !== head.epoch) return undefined;
  return { ...head, sequence: Math.min(reported.sequence, head.sequence) };
}

/**
 * Raises what is kept to what is reported, or begins with that, or else with `start`. Gives what is kept then. One write if
 * it moves, none otherwise. Throws what the store throws.
 */
export async function saveHandled(
  { agents, retentionMs }: HandledDependencies,
  { tenantId, agentId }: Pick<Caller, 'tenantId' | 'agentId'>,
  kept: Position | undefined,
  reported: Position | undefined,
  start: Position,
): Promise<Position> {
  const isLower = kept?.epoch === reported?.epoch && (kept?.sequence ?? 0) >= (reported?.sequence ?? 0);
  if (kept !== undefined && (reported === undefined || isLower)) return kept;
  const next = reported ?? start;
  await agents.saveHandled(tenantId, agentId, next, retentionMs, kept === undefined);
  return next;
}
