/**
 * What a token may do, from its claims `channels`, `agents` and `role`. Everything that serves a token asks here.
 */
import { isChannel, isId, isReservedChannel, reservedChannels } from './names';

export const operations = ['publish', 'subscribe', 'history', 'presence', 'advertise'] as const;
export type Operation = (typeof operations)[number];
const channelOperations: readonly Operation[] = ['publish', 'subscribe', 'history', 'presence'];

/**
 * Patterns and what they allow. A pattern is a channel name, a prefix ending in `*`, or a reserved channel by its exact name.
 * Kept as pairs, not as an object: a pattern is a client-chosen key.
 */
export type ChannelGrants = readonly (readonly [pattern: string, operations: readonly Operation[]])[];

export const roles = ['observer', 'service'] as const;
/**
 * - `observer`: reads what its channels grant, writes nothing, and is no agent that others could see or reach.
 * - `service`: acts for its tenant; it may also end connections and revoke tokens of the tenant's agents.
 */
export type Role = (typeof roles)[number];

export interface Grants {
  readonly channels: ChannelGrants;
  /** Ids, or prefixes ending in `*`, of the agents that it may send to; absent = all of its tenant. */
  readonly agents?: readonly string[] | undefined;
  /** Absent = an agent. */
  readonly role?: Role | undefined;
}

/** Everything in the own tenant, `$presence` included. */
export const allChannels: ChannelGrants = [
  ['*', channelOperations],
  [reservedChannels.presence, channelOperations],
];

/** The claims as they stand in a token; `undefined` where it has none. */
export interface GrantClaims {
  readonly channels: unknown;
  readonly agents: unknown;
  readonly role: unknown;
}

/**
 * TOK-3, TOK-9, TOK-11: reads the claims. Gives the name of the first that is malformed, so that a typing mistake refuses the
 * token and never widens it. `unnamed`: what a token without a `channels` claim may use.
 */
export function parseGrants(
  { channels, agents, role }: GrantClaims,
  unnamed: ChannelGrants,
): Grants | keyof GrantClaims {
  const channelGrants = channels === undefined ? unnamed : parseChannelGrants(channels);
  if (channelGrants === undefined) return 'channels';
  if (agents !== undefined && !isAgentPatterns(agents)) return 'agents';
  if (role !== undefined && !isRole(role)) return 'role';
  return { channels: channelGrants, ...(agents && { agents }), ...(role && { role }) };
}

/** A list of patterns, or a map from patterns to operations; `undefined` for any other shape. */
export function parseChannelGrants(claim: unknown): ChannelGrants | undefined {
  if (Array.isArray(claim)) {
    const patterns: unknown[] = claim;
    return patterns.every(isPattern)
      ? patterns.map((pattern) => [pattern, channelOperations] as const)
      : undefined;
  }
  if (typeof claim !== 'object' || claim === null) return undefined;
  const grants: [string, readonly Operation[]][] = [];
  for (const [pattern, allowed] of Object.entries(claim) as [string, unknown][]) {
    if (!isPattern(pattern) || !Array.isArray(allowed) || !allowed.every(isOperation)) return undefined;
    grants.push([pattern, allowed]);
  }
  return grants;
}

/** Whether the token allows the operation on the channel. */
export function isGranted({ channels, role }: Grants, channelId: string, operation: Operation): boolean {
  if (role === 'observer' && operation === 'publish') return false;
  return isListed(channels, channelId, operation);
}

/** TOK-9: whether the token may send to the agent, a reply included. */
export function mayMessage({ agents, role }: Grants, agentId: string): boolean {
  if (role === 'observer') return false;
  return agents === undefined || agents.some((pattern) => matchesPrefix(pattern, agentId));
}

/** TOK-10: whether the token may say of its agent that it has these capabilities. */
export function mayAdvertise({ channels, role }: Grants, capabilities: readonly string[]): boolean {
  if (role === 'observer') return false;
  if (!channels.some(([, allowed]) => allowed.includes('advertise'))) return true;
  return capabilities.every((capability) => isListed(channels, capability, 'advertise'));
}

/** TOK-12: whether the token may end connections and revoke tokens of other agents of its tenant. */
export function mayManageTenant({ role }: Grants): boolean {
  return role === 'service';
}

function isListed(channels: ChannelGrants, name: string, operation: Operation): boolean {
  return channels.some(([pattern, allowed]) => allowed.includes(operation) && matches(pattern, name));
}

function matches(pattern: string, channelId: string): boolean {
  // TOK-5
  return isReservedChannel(channelId) ? pattern === channelId : matchesPrefix(pattern, channelId);
}

/** The pattern is a name, or a prefix that ends in `*`. */
export function matchesPrefix(pattern: string, name: string): boolean {
  return pattern === name || (pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1)));
}

function isPattern(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  const prefix = value.endsWith('*') ? value.slice(0, -1) : undefined;
  return prefix === '' || isChannel(prefix ?? value) || isReservedChannel(value);
}

function isOperation(value: unknown): value is Operation {
  return (operations as readonly unknown[]).includes(value);
}

function isAgentPatterns(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) && value.every((each) => isId(each) || (typeof each === 'string' && isPrefix(each)))
  );
}

/** One character longer than an id, for the star. */
function isPrefix(pattern: string): boolean {
  return pattern.endsWith('*') && isId(pattern.slice(0, -1));
}

function isRole(value: unknown): value is Role {
  return (roles as readonly unknown[]).includes(value);
}
