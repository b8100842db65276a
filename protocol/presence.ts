/**
 * Presence on the wire: what an agent says of itself, what others ask, and the answers and events that tell of it.
 */
import { isAbsent, isJsonObject, type JsonObject } from './json';
import { limits } from './limits';
import { type ErrorDetails, wireTime } from './messages';
import { isId, isPresenceWord } from './names';

/** What an agent says of itself; what is absent stays as it is. */
export interface OwnPresence {
  readonly status: string | undefined;
  readonly capabilities: readonly string[] | undefined;
}

/** All that is given has to fit. */
export interface PresenceQuery {
  readonly agentId: string | undefined;
  readonly status: string | undefined;
  readonly capability: string | undefined;
  /** Whether the status is another than `offline`. */
  readonly online: boolean | undefined;
  readonly limit: number;
  /** Agents behind this one. */
  readonly after: string | undefined;
}

export interface PresenceFrame {
  readonly type: 'presence';
  readonly id: string;
  /** One of the two. */
  readonly own: OwnPresence | undefined;
  readonly query: PresenceQuery | undefined;
}

/** What is known of an agent. */
export interface AgentPresence {
  readonly agentId: string;
  /** `offline` without a connection. */
  readonly status: string;
  readonly capabilities: readonly string[];
  /** Rises with every change, also across a deletion of what is known. */
  readonly version: number;
  /** Epoch milliseconds: when it got this version. */
  readonly changedAt: number;
}

export const offline = 'offline';
/** Of a connected agent that says nothing else. */
export const online = 'online';

export type PresenceReason = 'connected' | 'disconnected' | 'changed';

type Complaint = Pick<ErrorDetails, 'code' | 'text'>;

export function readPresence(frame: JsonObject): PresenceFrame | Complaint {
  const { id, query } = frame;
  if (!isId(id)) return wrong('"id" must be a string of 1–128 characters');
  const own = readOwnPresence(frame);
  if ('code' in own) return own;
  if (isAbsent(query)) return { type: 'presence', id, own, query: undefined };
  if (own.status !== undefined || own.capabilities !== undefined)
    return wrong('Give "query", or "status" and "capabilities"');
  const asked = readQuery(query);
  return 'code' in asked ? asked : { type: 'presence', id, own: undefined, query: asked };
}

/** PRE-1 */
export function readOwnPresence({ status, capabilities }: JsonObject): OwnPresence | Complaint {
  if (!isAbsent(status) && (!isPresenceWord(status) || status === offline))
    return wrong(`"status" must be a text of 1–${limits.presenceLength} characters, and not "${offline}"`);
  if (!isAbsent(capabilities) && !isListOfWords(capabilities))
    return wrong(
      `"capabilities" must be up to ${limits.capabilities} texts of 1–${limits.presenceLength} characters`,
    );
  return {
    status: status ?? undefined,
    capabilities: isAbsent(capabilities) ? undefined : [...new Set(capabilities)],
  };
}

const queryMembers: readonly string[] = ['agent_id', 'status', 'capability', 'online', 'limit', 'after'];

function readQuery(query: unknown): PresenceQuery | Complaint {
  if (!isJsonObject(query)) return wrong('"query" must be an object');
  // PRE-4: a misspelt filter would match every agent.
  if (Object.entries(query).some(([name, value]) => !isAbsent(value) && !queryMembers.includes(name)))
    return wrong(`"query" holds nothing but ${queryMembers.join(', ')}`);
  const {
    agent_id: agentId,
    status,
    capability,
    online: isOnline,
    limit = limits.presenceAgents,
    after,
  } = query;
  if (!isAbsent(agentId) && !isId(agentId)) return wrong('"query.agent_id" must be an agent id');
  if (!isAbsent(status) && !isPresenceWord(status)) return wrong('"query.status" must be a status');
  if (!isAbsent(capability) && !isPresenceWord(capability))
    return wrong('"query.capability" must be a capability');
  if (!isAbsent(isOnline) && typeof isOnline !== 'boolean')
    return wrong('"query.online" must be true or false');
  const most = limit ?? limits.presenceAgents;
  if (!Number.isSafeInteger(most) || (most as number) < 1 || (most as number) > limits.presenceAgents)
    return wrong(`"query.limit" must be a whole number from 1 to ${limits.presenceAgents}`);
  if (!isAbsent(after) && !isId(after)) return wrong('"query.after" must be what an answer gave as "next"');
  return {
    agentId: agentId ?? undefined,
    status: status ?? undefined,
    capability: capability ?? undefined,
    online: isOnline ?? undefined,
    limit: most as number,
    after: after ?? undefined,
  };
}

function isListOfWords(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= limits.capabilities && value.every(isPresenceWord);
}

function wrong(text: string): Complaint {
  return { code: 'invalid_message', text };
}

/** The answer to whoever set its own. */
export function ownPresenceText(messageId: string, presence: AgentPresence, timestamp: number): string {
  const { agentId, status, capabilities, version } = presence;
  return JSON.stringify({
    type: 'PRESENCE',
    message_id: messageId,
    timestamp: wireTime(timestamp),
    agent_id: agentId,
    status,
    capabilities,
    version,
  });
}

/** The answer to a query. `next`: there may be more. */
export function presenceText(
  messageId: string,
  agents: readonly AgentPresence[],
  next: string | undefined,
  timestamp: number,
): string {
  return JSON.stringify({
    type: 'PRESENCE',
    message_id: messageId,
    timestamp: wireTime(timestamp),
    agents: agents.map(wireAgent),
    next,
  });
}

/** Bytes that an agent takes in an answer, its comma included. */
export function presenceBytes(agent: AgentPresence): number {
  return new TextEncoder().encode(JSON.stringify(wireAgent(agent))).length + 1;
}

function wireAgent({ agentId, status, capabilities, version, changedAt }: AgentPresence): object {
  return { agent_id: agentId, status, capabilities, version, changed_at: wireTime(changedAt) };
}
