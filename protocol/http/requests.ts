/**
 * What the paths, the queries and the bodies of HTTP requests hold, apart from messages.
 */
import { isAbsent, isJsonObject, type JsonObject, readJson } from '../json';
import { isId } from '../names';
import type { MessageFields, TimeoutMs } from '../frames/client/publish';
import type { Id } from '../frames/values';

/**
 * A message to the channel in the path. Fields that are not listed are the user's own and arrive as sent.
 * @maxProperties 127
 */
export interface ChannelPublish extends WithoutReceiver {
  readonly expects_reply?: boolean | null | undefined;
}

/**
 * A message to the agent in the path. Fields that are not listed are the user's own and arrive as sent.
 * @maxProperties 127
 */
export type AgentPublish = DirectPublish | RequestPublish;

interface DirectPublish extends WithoutReceiver {
  readonly expects_reply?: false | null | undefined;
}

interface RequestPublish extends WithoutReceiver {
  readonly expects_reply: true;
  readonly timeout_ms?: TimeoutMs | null | undefined;
}

/** The path names the receiver. */
interface WithoutReceiver extends MessageFields {
  readonly channel_id?: null | undefined;
  readonly to?: null | undefined;
}

/** The body of `POST /v1/revocations`. Either `agent_id` or `all` is given. */
export type RevocationRequest =
  TokenRevocation | AgentRevocation | AgentBlock | TenantRevocation | TenantBlock;

/** @additionalProperties false */
interface TokenRevocation extends OfAgent {
  readonly jti: TokenId;
  readonly block?: boolean | null | undefined;
  readonly issued_up_to?: null | undefined;
}

/** @additionalProperties false */
interface AgentRevocation extends OfAgent, Dated {
  readonly jti?: null | undefined;
}

/** @additionalProperties false */
interface AgentBlock extends OfAgent, Undated {
  readonly jti?: null | undefined;
}

/** @additionalProperties false */
interface TenantRevocation extends OfTenant, Dated {}

/** @additionalProperties false */
interface TenantBlock extends OfTenant, Undated {}

/** The body of `POST /v1/erasures`. Either `agent_id` or `all` is given. */
export type ErasureRequest = AgentErasure | TenantErasure;

/** @additionalProperties false */
interface AgentErasure {
  readonly agent_id: Id;
  readonly all?: null | undefined;
}

/** @additionalProperties false */
interface TenantErasure {
  /** The whole tenant. */
  readonly all: true;
  readonly agent_id?: null | undefined;
}

interface OfAgent {
  readonly agent_id: Id;
  readonly all?: null | undefined;
}

interface OfTenant {
  /** Every agent of the tenant. */
  readonly all: true;
  readonly agent_id?: null | undefined;
  readonly jti?: null | undefined;
}

interface Dated {
  readonly block?: false | null | undefined;
  /** Tokens issued later stay good. Default: now. */
  readonly issued_up_to?: EpochMs | null | undefined;
}

interface Undated {
  /** Tokens issued at any time, also later. */
  readonly block: true;
  readonly issued_up_to?: null | undefined;
}

/**
 * Epoch milliseconds.
 * @asType integer
 * @minimum 0
 * @maximum 9007199254740991
 */
export type EpochMs = number;

/**
 * The claim `jti`.
 * @minLength 1
 * @maxLength 256
 */
export type TokenId = string;

export const examples: readonly RevocationRequest[] = [
  { agent_id: 'alice' },
  { agent_id: 'alice', jti: '7d1e' },
  { all: true, issued_up_to: 1_790_000_000_000 },
];

const revocationMembers = ['agent_id', 'jti', 'all', 'block', 'issued_up_to'];
const erasureMembers = ['agent_id', 'all'];

/** The members of an order for the function that revokes, or what is wrong with the body. */
export function readRevocation(text: string): Readonly<Record<string, unknown>> | string {
  const reading = readScope(text, revocationMembers);
  if (typeof reading === 'string') return reading;
  const { value, scope } = reading;
  const { jti, block, issued_up_to: issuedUpTo } = value;
  if (!isAbsent(block) && typeof block !== 'boolean') return '"block" must be true or false';
  if (typeof issuedUpTo === 'number' && issuedUpTo < 0) return '"issued_up_to" must not be negative';
  return {
    action: block === true ? 'block' : 'revoke',
    ...scope,
    ...(isAbsent(jti) ? {} : { jti }),
    ...(isAbsent(issuedUpTo) ? {} : { issued_up_to: issuedUpTo }),
  };
}

/** The members of an order for the function that erases, or what is wrong with the body. */
export function readErasure(text: string): Readonly<Record<string, unknown>> | string {
  const reading = readScope(text, erasureMembers);
  return typeof reading === 'string' ? reading : { action: 'erase', ...reading.scope };
}

interface ScopeReading {
  readonly value: JsonObject;
  /** Without an agent: the whole tenant. */
  readonly scope: { readonly agent_id?: unknown };
}

function readScope(text: string, members: readonly string[]): ScopeReading | string {
  const reading = readJson(text);
  if (!reading.ok) return reading.error;
  const { value } = reading;
  if (!isJsonObject(value)) return 'The body must be a JSON object';
  const unknown = Object.keys(value).find((name) => !members.includes(name));
  if (unknown !== undefined) return `The body has nothing but ${members.join(', ')}`;
  const { agent_id: agentId, all } = value;
  if (isAbsent(agentId) === isAbsent(all)) return 'Give "agent_id", or "all": true';
  if (!isAbsent(all) && all !== true) return '"all" must be true';
  return { value, scope: isAbsent(agentId) ? {} : { agent_id: agentId } };
}

/** Dots alone are steps of a path. */
const needsBase64 = /[/?#%\\]|^~|^\.+$/;

/**
 * HTTP-5: how an agent's id stands in a path. API Gateway decodes a path and ends it at a question mark, so that an id with one
 * of these characters would be another one there: it is written in base64url, after a `~`.
 */
export function agentInPath(agentId: string): string {
  if (!needsBase64.test(agentId)) return encodeURIComponent(agentId);
  const bytes = new TextEncoder().encode(agentId);
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  return `~${base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

/** The id of a decoded path; `undefined` when it is none. */
export function agentFromPath(segment: string): string | undefined {
  if (!segment.startsWith('~')) return isId(segment) && !needsBase64.test(segment) ? segment : undefined;
  try {
    const base64 = segment.slice(1).replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const agentId = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return isId(agentId) ? agentId : undefined;
  } catch {
    return undefined;
  }
}
