/** Agents of the tenant: who there is, and the end of their connections (HTTP-8, HTTP-9). */
import {
  agentEntry,
  type AgentPage,
  agentFromPath,
  isGranted,
  isId,
  isPresenceWord,
  limits,
  reservedChannels,
} from '../../../protocol/index';
import { queryAgents, type QueryDependencies } from '../../frames/presence';
import type { Caller } from '../../shared/caller';
import { refuse } from '../http-problem';
import { readLimit, readQuery, textInCursor, toCursor } from '../query';
import type { Session } from '../session';

/** @throws HttpProblem. Throws what the store throws. */
export async function listAgents(
  deps: QueryDependencies,
  { caller }: Session,
  url: string,
): Promise<AgentPage> {
  requirePresence(caller);
  const { status, capability, after, limit } = readQuery(url, ['status', 'capability', 'after', 'limit']);
  for (const [name, value] of Object.entries({ status, capability }))
    if (value !== undefined && !isPresenceWord(value))
      throw refuse('invalid_message', `"${name}" must be a text of 1–${limits.presenceLength} characters`);
  const { agents, next } = await queryAgents(deps, caller.tenantId, {
    status,
    capability,
    after: textInCursor('after', after, isId),
    limit: readLimit(limit, limits.presenceAgents),
    agentId: undefined,
    online: undefined,
  });
  return { agents: agents.map(agentEntry), ...(next !== undefined && { next: toCursor(next) }) };
}

/** @throws HttpProblem. Throws what the store throws. */
export async function readAgent(
  deps: QueryDependencies,
  { caller }: Session,
  segment: string,
): Promise<AgentPage['agents'][number]> {
  requirePresence(caller);
  const { agents } = await queryAgents(deps, caller.tenantId, {
    agentId: agentIn(segment),
    status: undefined,
    capability: undefined,
    online: undefined,
    after: undefined,
    limit: 1,
  });
  const [agent] = agents;
  if (agent === undefined) throw refuse('not_found', 'The agent has not connected within 30 days');
  return agentEntry(agent);
}

/** @throws HttpProblem */
export function agentIn(segment: string): string {
  const agentId = agentFromPath(segment);
  if (agentId === undefined) throw refuse('not_found', 'No such agent');
  return agentId;
}

/** PRE-4 */
function requirePresence({ grants }: Caller): void {
  if (!isGranted(grants, reservedChannels.presence, 'presence'))
    throw refuse('forbidden', 'The token does not allow asking for presence');
}
