/**
 * The one place where keys are built from ids (MSG-5). The tenant is the first component of every key but a connection's own.
 * Ids may hold any character, so the two that matter to a key are escaped: two different id tuples never give one key.
 */

/** Only `%` and `/`: escaping every non-ASCII character could overflow DynamoDB's key size (1,024 bytes). */
function escapeId(id: string): string {
  return id.replaceAll('%', '%25').replaceAll('/', '%2F');
}

export function channelSubject(tenantId: string, channelId: string): string {
  return `${escapeId(tenantId)}/channel/${escapeId(channelId)}`;
}

export function inboxSubject(tenantId: string, agentId: string): string {
  return `${escapeId(tenantId)}/inbox/${escapeId(agentId)}`;
}

/** Four components, so that no agent's name makes it a tenant's. */
export function agentRateSubject(tenantId: string, agentId: string): string {
  return `${escapeId(tenantId)}/rate/agent/${escapeId(agentId)}`;
}

export function tenantRateSubject(tenantId: string): string {
  return `${escapeId(tenantId)}/rate/tenant`;
}

/** What their frames have cost; as the keys of the rates. */
export function agentWorkSubject(tenantId: string, agentId: string): string {
  return `${escapeId(tenantId)}/units/agent/${escapeId(agentId)}`;
}

export function tenantWorkSubject(tenantId: string): string {
  return `${escapeId(tenantId)}/units/tenant`;
}

/** What the tenant uses of what is bounded. Three components, of which the second is not `channel`. */
export function tenantUsageSubject(tenantId: string): string {
  return `${escapeId(tenantId)}/usage/tenant`;
}

/** Its frames that were refused, and the minute in which it may not connect. */
export function agentRefusalSubject(tenantId: string, agentId: string): string {
  return `${escapeId(tenantId)}/refused/agent/${escapeId(agentId)}`;
}

/** Three components for a tenant, four for an agent: neither is taken for a subscription. */
export function revocationSubject(tenantId: string, agentId: string | undefined): string {
  const tenant = `${escapeId(tenantId)}/revocation/tenant`;
  return agentId === undefined ? tenant : `${escapeId(tenantId)}/revocation/agent/${escapeId(agentId)}`;
}

/** The channels of a tenant. Three components, of which the second is not `channel`. */
export function directorySubject(tenantId: string): string {
  return `${escapeId(tenantId)}/directory/channels`;
}

/** What a key of ConnectionTable is about; `undefined` for what is neither a connection nor a subscription. */
export function parseSubject(
  subject: string,
): 'connection' | { readonly tenantId: string; readonly channelId: string } | undefined {
  const [first = '', second = '', third, ...more] = subject.split('/');
  if (third === undefined) return first === 'connection' ? 'connection' : undefined;
  if (second !== 'channel' || more.length > 0) return undefined;
  return { tenantId: unescapeId(first), channelId: unescapeId(third) };
}

/** Whom a key of a revocation is about; `undefined` for any other key. */
export function parseRevocationSubject(
  subject: string,
): { readonly tenantId: string; readonly agentId: string | undefined } | undefined {
  const [tenant = '', kind, scope, agent, ...more] = subject.split('/');
  if (kind !== 'revocation' || more.length > 0) return undefined;
  const tenantId = unescapeId(tenant);
  if (scope === 'tenant' && agent === undefined) return { tenantId, agentId: undefined };
  return scope === 'agent' && agent !== undefined ? { tenantId, agentId: unescapeId(agent) } : undefined;
}

/** Of what tenant a key says what it uses; `undefined` for any other key. */
export function parseTenantUsageSubject(subject: string): string | undefined {
  const [tenant = '', kind, scope, ...more] = subject.split('/');
  return kind === 'usage' && scope === 'tenant' && more.length === 0 ? unescapeId(tenant) : undefined;
}

function unescapeId(text: string): string {
  return text.replaceAll('%2F', '/').replaceAll('%25', '%');
}

/** Where the sweep goes on: two components, as a connection's key has, and another first one. */
export const sweepSubject = 'sweep/cursor';

export function connectionSubject(connectionId: string): string {
  return `connection/${escapeId(connectionId)}`;
}

/*
 * Connections of observers are kept like those of agents, under ids that no token can have: presence, inboxes and direct
 * messages never meet them, and neither does the agent of the same name.
 */

/** A control character, which no id of a token has. It sorts before every id. */
const observerMark = '\u0001';

/** Between all observers and all agents, in the order of the bytes. */
export const afterObservers = '\u0002';

/** @example observerId('console') */
export function observerId(agentId: string): string {
  return `${observerMark}${agentId}`;
}

export function isObserver(id: string): boolean {
  return id.startsWith(observerMark);
}

/** The agent that the token names, for ids of agents and of observers. */
export function agentOfToken(id: string): string {
  return isObserver(id) ? id.slice(observerMark.length) : id;
}
