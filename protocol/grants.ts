/**
 * What a token may do on which channels, from its `channels` claim.
 * Direct messages inside the own tenant need no grant.
 */
import { isChannel, isReservedChannel, reservedChannels } from './names';

export const operations = ['publish', 'subscribe', 'history', 'presence'] as const;
export type Operation = (typeof operations)[number];

/**
 * Patterns and what they allow. A pattern is a channel name, a prefix ending in `*`, or a reserved channel by its exact name.
 * Kept as pairs, not as an object: a pattern is a client-chosen key.
 */
export type Grants = readonly (readonly [pattern: string, operations: readonly Operation[]])[];

/** Everything in the own tenant, `$presence` included. */
export const allChannels: Grants = [
  ['*', operations],
  [reservedChannels.presence, operations],
];

/**
 * TOK-3: reads a `channels` claim: a list of patterns, or a map from patterns to operations.
 * Returns `undefined` when the claim has any other shape, so that a typing mistake refuses the token and never widens it.
 */
export function parseGrants(claim: unknown): Grants | undefined {
  if (Array.isArray(claim)) {
    const patterns: unknown[] = claim;
    return patterns.every(isPattern) ? patterns.map((pattern) => [pattern, operations] as const) : undefined;
  }
  if (typeof claim !== 'object' || claim === null) return undefined;
  const grants: [string, readonly Operation[]][] = [];
  for (const [pattern, allowed] of Object.entries(claim) as [string, unknown][]) {
    if (!isPattern(pattern) || !Array.isArray(allowed) || !allowed.every(isOperation)) return undefined;
    grants.push([pattern, allowed]);
  }
  return grants;
}

/** Whether one of the grants allows the operation on the channel. */
export function isGranted(grants: Grants, channelId: string, operation: Operation): boolean {
  return grants.some(([pattern, allowed]) => allowed.includes(operation) && matches(pattern, channelId));
}

function matches(pattern: string, channelId: string): boolean {
  if (pattern === channelId) return true;
  // TOK-5
  return pattern.endsWith('*') && !isReservedChannel(channelId) && channelId.startsWith(pattern.slice(0, -1));
}

function isPattern(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  const prefix = value.endsWith('*') ? value.slice(0, -1) : undefined;
  return prefix === '' || isChannel(prefix ?? value) || isReservedChannel(value);
}

function isOperation(value: unknown): value is Operation {
  return (operations as readonly unknown[]).includes(value);
}
