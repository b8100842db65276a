/** From claims to caller, by way of the authorizer's decision and the context that the platform carries. */
import { authorize } from '../../lambda/agents/authorize';
import { decodeContext, encodeContext } from '../../lambda/events/web-socket/authorizer-context';
import type { Caller } from '../../lambda/shared/caller';
import type { Operation } from '../../protocol/index';

export interface Claims {
  readonly tenant: string;
  readonly agent: string;
  readonly channels: Readonly<Record<string, readonly Operation[]>>;
  readonly agents?: readonly string[] | undefined;
  readonly role?: string | undefined;
}

const settings = {
  tenantClaim: 'tenant_id',
  agentClaim: 'agent_id',
  channelsClaim: 'channels',
  agentsClaim: 'agents',
  roleClaim: 'role',
  defaultGrants: 'all',
  maxTokenSeconds: 3_650 * 86_400,
} as const;

/** Throws when the handshake is refused. `now` in epoch milliseconds. */
export function admitted(claims: Claims, connectionId: string, now: number, level: 0 | 1): Caller {
  const { tenant, agent, channels, agents, role } = claims;
  const exp = Math.floor(now / 1_000) + 86_400;
  const token = { tenant_id: tenant, agent_id: agent, channels, agents, role, exp };
  const decision = authorize(token, new Map(), settings, now);
  if (decision.kind !== 'allow') throw new Error(decision.reason);
  return { connectionId, connectedAt: now, ...decodeContext(encodeContext(decision.admission)), level };
}

export function fits(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}
