/**
 * `presence`: sets the status and capabilities of the agent, or queries the agents of the tenant.
 */
import {
  type AgentPresence,
  goAwayText,
  isGranted,
  limits,
  mayAdvertise,
  type OwnPresence,
  ownPresenceText,
  presenceBytes,
  type ParsedPresence,
  type PresenceQuery,
  offline,
  presenceText,
  reservedChannels,
} from '../../protocol/index';
import { announceChange, visiblePresence } from '../agents/announce';
import type { Caller } from '../shared/caller';
import {
  type AfterReply,
  type ControlDependencies,
  type ControlOutcome,
  refused,
  stateLost,
} from './control-outcome';
import { hasConnectionRow } from '../agents/known-connection';
import type { AgentRecord } from '../shared/stores/agent-store';
import type { WorkBudget } from '../shared/work-budget';

/** Agents that one query looks at, not counting those that never connected; the rest is for the next page. */
const maxAgentsRead = 2_000;
/** Of an answer, around its agents. */
const envelopeBytes = 2_048;
/** What a look for watchers and the start of a function may take. */
const announcementMs = 1_600;

/** Throws what the stores throw. */
export async function presence(
  deps: ControlDependencies,
  caller: Caller,
  { id, own, query }: ParsedPresence,
  work: AgentReading,
): Promise<ControlOutcome> {
  if (query !== undefined) return queryPresence(deps, caller, id, query, work);
  if (!maySetPresence(caller, own)) return notAdvertised();
  const set = await setPresence(deps, caller, own);
  if (set === undefined) return stateLost();
  return {
    ok: true,
    answer: [ownPresenceText(id, set.presence, deps.clock.now())],
    afterReply: set.announce,
  };
}

/** TOK-10, TOK-11 */
export function maySetPresence({ grants }: Caller, own: OwnPresence | undefined): boolean {
  return own === undefined || mayAdvertise(grants, own.capabilities ?? []);
}

export function notAdvertised(): ControlOutcome {
  return refused('forbidden', 'The token does not allow setting this presence');
}

export interface SetPresence {
  readonly presence: AgentPresence;
  /** Tells the watchers, when anything has changed. */
  readonly announce: AfterReply | undefined;
}

/** `undefined` when the connection is not its agent's any more. Says again what was said: nothing changes. Throws what the store throws. */
export async function setPresence(
  deps: ControlDependencies,
  { tenantId, agentId, connectionId }: Caller,
  own: OwnPresence | undefined,
): Promise<SetPresence | undefined> {
  const { record, connectionIds } = await deps.agents.getAgent(tenantId, agentId);
  if (record === undefined || !connectionIds.includes(connectionId)) return undefined;
  if (own === undefined || isSame(record, own)) return { presence: record, announce: undefined };
  const changed = await deps.agents.setPresence(tenantId, agentId, connectionId, own);
  if (changed === undefined) return undefined;
  return {
    presence: changed,
    announce: async (_sender, deadline) => {
      if (deadline.remainingMs >= announcementMs) await announceChange(deps, tenantId, changed);
      else
        deps.log.error('presence_not_announced', { tenant_id: tenantId, agent_id: agentId, error: 'late' });
    },
  };
}

function isSame(record: AgentRecord, { status, capabilities }: OwnPresence): boolean {
  return (
    (status === undefined || status === record.status) &&
    (capabilities === undefined || JSON.stringify(capabilities) === JSON.stringify(record.capabilities))
  );
}

async function queryPresence(
  deps: ControlDependencies,
  caller: Caller,
  id: string,
  query: PresenceQuery,
  work: AgentReading,
): Promise<ControlOutcome> {
  // PRE-4
  if (!isGranted(caller.grants, reservedChannels.presence, 'presence'))
    return refused('forbidden', 'The token does not allow asking for presence');
  if (caller.level === 0) return { ok: true, answer: [] };
  const [{ agents, next }, isStillKnown] = await Promise.all([
    queryAgents(deps, caller.tenantId, query, work),
    hasConnectionRow(deps.connections, caller),
  ]);
  const now = deps.clock.now();
  const answer = presenceText(id, agents, next, now);
  return { ok: true, answer: isStillKnown ? [answer] : [answer, goAwayText('state_lost', now)] };
}

export interface AgentPage {
  readonly agents: readonly AgentPresence[];
  /** The last agent that was looked at, when there may be more. */
  readonly next: string | undefined;
}

export type QueryDependencies = Pick<ControlDependencies, 'agents' | 'clock' | 'presenceGraceMs'>;

/** Whether one more page may be read (RAT-7). */
type AgentReading = Pick<WorkBudget, 'hasPage'>;

const unlimited: AgentReading = { hasPage: true };

/** Throws what the store throws. */
export function queryAgents(
  deps: QueryDependencies,
  tenantId: string,
  query: PresenceQuery,
  work: AgentReading = unlimited,
): Promise<AgentPage> {
  return query.agentId === undefined
    ? findAgents(deps, tenantId, query, work)
    : findAgent(deps, tenantId, query.agentId, query);
}

async function findAgent(
  deps: QueryDependencies,
  tenantId: string,
  agentId: string,
  query: PresenceQuery,
): Promise<AgentPage> {
  const now = deps.clock.now();
  const { record, connectionIds, expiresAt = Infinity } = await deps.agents.getAgent(tenantId, agentId);
  const isKnown = record !== undefined && (connectionIds.length > 0 || expiresAt > now);
  const agents = isKnown ? [visiblePresence(record, deps.presenceGraceMs, now)] : [];
  return { agents: agents.filter((agent) => matchesQuery(agent, query)), next: undefined };
}

async function findAgents(
  deps: QueryDependencies,
  tenantId: string,
  query: PresenceQuery,
  work: AgentReading,
): Promise<AgentPage> {
  const agents: AgentPresence[] = [];
  let bytes = envelopeBytes;
  let read = 0;
  let last = query.after;
  for await (const page of deps.agents.agents(tenantId, query.after)) {
    for (const { agentId, record } of page) {
      const agent = record && visiblePresence(record, deps.presenceGraceMs, deps.clock.now());
      if (agent !== undefined && matchesQuery(agent, query)) {
        bytes += presenceBytes(agent);
        // PRE-5
        if (agents.length === query.limit || bytes > limits.frameBytes) return { agents, next: last };
        agents.push(agent);
      }
      last = agentId;
      if (agent !== undefined) read += 1;
    }
    if (read >= maxAgentsRead || !work.hasPage) return { agents, next: last };
  }
  return { agents, next: undefined };
}

function matchesQuery({ status, capabilities }: AgentPresence, query: PresenceQuery): boolean {
  return (
    (query.status === undefined || query.status === status) &&
    // PRE-10
    (query.online === undefined || query.online === (status !== offline)) &&
    (query.capability === undefined || capabilities.includes(query.capability))
  );
}
