/**
 * The claims of a token. Checks them as the service does, so that every printed token is valid. Signing is in jwt.ts.
 */
import { randomUUID } from 'node:crypto';
import { TokenError } from './token-error';

/** A leaked token is valid until it expires or somebody revokes it. */
const maxSeconds = 365 * 86_400;
const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const controlCharacter = /\p{Cc}/u;
/** A channel, a prefix that ends in `*`, or the exact name of a channel of the service. */
const channelPattern = /^(?:[A-Za-z0-9._:-]{1,128}\*?|\*|\$presence|\$inbox)$/;

const operations = ['publish', 'subscribe', 'history', 'presence', 'advertise'];
const roles = ['observer', 'service'];

export interface ClaimNames {
  readonly tenant: string;
  readonly agent: string;
  readonly channels: string;
  /** Absent = the deployment does not read them. */
  readonly agents?: string | undefined;
  readonly role?: string | undefined;
}

export type ChannelMap = Readonly<Record<string, readonly string[]>>;

export interface ClaimsRequest {
  readonly issuer: string;
  readonly audience: string;
  readonly names: ClaimNames;
  readonly tenant: string;
  readonly agent: string;
  /** Patterns, or a map from patterns to operations. Absent = the default grants of the deployment. */
  readonly channels?: readonly string[] | ChannelMap;
  /** Ids and prefixes; absent = all agents of the tenant. */
  readonly agents?: readonly string[];
  /** Absent = an agent. */
  readonly role?: string;
  readonly expiresInSeconds: number;
  readonly now: Date;
}

/**
 * @throws TokenError when the service would reject the token
 * @example createClaims({ ...terms, tenant: 'acme', agent: 'crawler-1', expiresInSeconds: 3600, now: new Date() })
 */
export function createClaims(request: ClaimsRequest): Readonly<Record<string, unknown>> {
  const { issuer, audience, names, tenant, agent, channels, agents, role, expiresInSeconds, now } = request;
  checkId('tenant', tenant);
  checkId('agent', agent);
  const issuedAt = Math.floor(now.getTime() / 1_000);
  return {
    iss: issuer,
    aud: audience,
    iat: issuedAt,
    exp: issuedAt + expiresInSeconds,
    // Names the token for a revocation.
    jti: randomUUID(),
    [names.tenant]: tenant,
    [names.agent]: agent,
    ...(channels === undefined ? {} : { [names.channels]: checkedChannels(channels) }),
    ...(agents === undefined ? {} : { [nameOf('agents', names.agents)]: agents.map(checkedAgent) }),
    ...(role === undefined ? {} : { [nameOf('role', names.role)]: checkedRole(role) }),
  };
}

/** The service would not read the claim, and so grant more than was asked for. */
function nameOf(claim: string, name: string | undefined): string {
  if (name !== undefined) return name;
  throw new TokenError(`The deployment reads no claim "${claim}"; see its setting "claims".`);
}

/**
 * @throws TokenError unless the text is a number with a unit, within a second and a year
 * @example parseDuration('30m') // 1800
 */
export function parseDuration(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (secondsPerUnit[unit] ?? 0);
  if (seconds >= 1 && seconds <= maxSeconds) return seconds;
  throw new TokenError(`The lifetime "${text}" must be like 90s, 30m, 1h or 7d, and at most 365d.`);
}

/**
 * @throws TokenError when the list is empty: an unset shell variable must not create a token without channels
 * @example parseChannels('orders, news.*') // ['orders', 'news.*']
 * @example parseChannels('orders=publish+history') // { orders: ['publish', 'history'] }
 */
export function parseChannels(text: string): string[] | ChannelMap {
  const entries = listOf('channels', text).map((entry) => entry.split('='));
  if (entries.every((entry) => entry.length === 1)) return entries.map(([name = '']) => checkedPattern(name));
  if (entries.some((entry) => entry.length !== 2))
    throw new TokenError('Either every channel has operations, as in orders=publish+subscribe, or none has.');
  const map = new Map<string, string[]>();
  for (const [name = '', allowed = ''] of entries)
    map.set(checkedPattern(name), [...(map.get(name) ?? []), ...allowed.split('+').map(checkedOperation)]);
  return Object.fromEntries(map);
}

/**
 * @throws TokenError when the list is empty
 * @example parseAgents('planner, worker-*') // ['planner', 'worker-*']
 */
export function parseAgents(text: string): string[] {
  return listOf('agents', text).map(checkedAgent);
}

function listOf(what: string, text: string): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0) throw new TokenError(`The list of ${what} is empty.`);
  return names;
}

function checkId(name: string, id: string): void {
  if (isId(id)) return;
  throw new TokenError(`The ${name} must have 1 to 128 characters, none of them a control character.`);
}

function isId(text: string): boolean {
  return text.length >= 1 && text.length <= 128 && text.isWellFormed() && !controlCharacter.test(text);
}

function checkedChannels(channels: readonly string[] | ChannelMap): readonly string[] | ChannelMap {
  if (isList(channels)) return channels.map(checkedPattern);
  return Object.fromEntries(
    Object.entries(channels).map(([name, allowed]) => [checkedPattern(name), allowed.map(checkedOperation)]),
  );
}

function isList(channels: readonly string[] | ChannelMap): channels is readonly string[] {
  return Array.isArray(channels);
}

function checkedOperation(operation: string): string {
  if (operations.includes(operation)) return operation;
  throw new TokenError(`The operation "${operation}" must be one of ${operations.join(', ')}.`);
}

function checkedAgent(pattern: string): string {
  if (isId(pattern) || (pattern.endsWith('*') && isId(pattern.slice(0, -1)))) return pattern;
  throw new TokenError(
    `The agent "${pattern}" must have 1 to 128 characters, none of them a control character, or be such a prefix that ends in *.`,
  );
}

function checkedRole(role: string): string {
  if (roles.includes(role)) return role;
  throw new TokenError(`The role "${role}" must be one of ${roles.join(', ')}.`);
}

function checkedPattern(pattern: string): string {
  if (channelPattern.test(pattern)) return pattern;
  throw new TokenError(
    `The channel "${pattern}" must be a name of letters, digits and ._:- or such a prefix that ends in *.`,
  );
}
