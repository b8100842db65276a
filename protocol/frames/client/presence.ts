/**
 * `presence`: sets the agent's status and capabilities, or queries the agents of the tenant (PRE-1, PRE-4).
 */
import { isAbsent, isJsonObject, type JsonObject } from '../../json';
import { limits } from '../../limits';
import { isId, isPresenceWord } from '../../names';
import { offline } from '../agent-presence';
import type { Capabilities, Id, PresenceWord } from '../values';
import { type Complaint, wrong } from './fields';

/** @maxProperties 128 */
export type PresenceFrame = PresenceUpdate | PresenceQueryFrame;

interface PresenceUpdate {
  readonly type: 'presence';
  readonly id: Id;
  readonly status?: OwnStatus | null | undefined;
  readonly capabilities?: Capabilities | null | undefined;
  readonly query?: null | undefined;
}

interface PresenceQueryFrame {
  readonly type: 'presence';
  readonly id: Id;
  readonly query: QueryMembers;
  readonly status?: null | undefined;
  readonly capabilities?: null | undefined;
}

/**
 * A status that an agent can set: another than `offline`.
 * @minLength 1
 * @maxLength 64
 * @pattern ^(?!offline$)[^\u0000-\u001f\u007f-\u009f\ud800-\udfff]*$
 */
export type OwnStatus = string;

/**
 * All that is given has to fit. No other member is allowed: a misspelt filter would match every agent.
 * @additionalProperties {"type": "null"}
 */
export interface QueryMembers {
  readonly agent_id?: Id | null | undefined;
  readonly status?: PresenceWord | null | undefined;
  readonly capability?: PresenceWord | null | undefined;
  /** Whether the status is another than `offline`. */
  readonly online?: boolean | null | undefined;
  readonly limit?: AgentLimit | null | undefined;
  /** What an answer gave as `next`. */
  readonly after?: Id | null | undefined;
}

/**
 * @asType integer
 * @minimum 1
 * @maximum 100
 */
export type AgentLimit = number;

export const examples: readonly PresenceFrame[] = [
  { type: 'presence', id: '1', status: 'busy', capabilities: ['translate'] },
  { type: 'presence', id: '2', query: {} },
  {
    type: 'presence',
    id: '3',
    query: {
      agent_id: 'bob',
      status: 'busy',
      capability: 'translate',
      online: true,
      limit: 100,
      after: 'alice',
    },
  },
];

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

export interface ParsedPresence {
  readonly type: 'presence';
  readonly id: string;
  /** One of the two. */
  readonly own: OwnPresence | undefined;
  readonly query: PresenceQuery | undefined;
}

export function readPresence(id: string | undefined, frame: JsonObject): ParsedPresence | Complaint {
  const { query } = frame;
  if (id === undefined) return wrong('"id" must be a string of 1–128 characters');
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
