/** What the operator asks for: which tokens are refused from now on, and which connections end. */
import { isId } from '../../protocol/index';
import { isTokenId } from '../agents/authorize';
import type { RevocationScope } from '../shared/ports';

export const revocationActions = ['revoke', 'block', 'unrevoke', 'kick'] as const;
export type RevocationAction = (typeof revocationActions)[number];

export interface RevocationOrder extends RevocationScope {
  /**
   * - `revoke`: tokens issued up to a moment are refused, and their connections end.
   * - `block`: the same for tokens issued at any time.
   * - `unrevoke`: takes back either of them.
   * - `kick`: connections end; their tokens stay good.
   */
  readonly action: RevocationAction;
  /** Epoch milliseconds, `revoke` only: tokens issued later stay good. Absent = now. */
  readonly issuedUpTo: number | undefined;
}

/** In one sentence, what is wrong with the payload of the function. */
export class RevocationOrderError extends Error {
  override readonly name = 'RevocationOrderError';
}

const members = ['action', 'tenant_id', 'agent_id', 'jti', 'issued_up_to'];

/** @throws RevocationOrderError */
export function readRevocationOrder(payload: unknown): RevocationOrder {
  if (typeof payload !== 'object' || payload === null) throw wrong('The payload must be an object');
  const order = payload as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(order).find((name) => !members.includes(name));
  if (unknown !== undefined) throw wrong(`There is no member "${unknown.slice(0, 50)}"`);
  const action = revocationActions.find((each) => each === order.action);
  if (action === undefined) throw wrong(`"action" must be one of ${revocationActions.join(', ')}`);
  const { tenant_id: tenantId, agent_id: agentId, jti: tokenId, issued_up_to: issuedUpTo } = order;
  if (!isId(tenantId)) throw wrong('"tenant_id" must be the id of a tenant');
  if (agentId !== undefined && !isId(agentId)) throw wrong('"agent_id" must be the id of an agent');
  if (tokenId !== undefined && !isTokenId(tokenId)) throw wrong('"jti" must be a string of 1–256 characters');
  if (tokenId !== undefined && agentId === undefined) throw wrong('"jti" needs "agent_id"');
  if (issuedUpTo !== undefined && (action !== 'revoke' || tokenId !== undefined))
    throw wrong('"issued_up_to" goes with "revoke" of an agent or a tenant');
  if (issuedUpTo !== undefined && !Number.isSafeInteger(issuedUpTo))
    throw wrong('"issued_up_to" must be in epoch milliseconds');
  return { action, tenantId, agentId, tokenId, issuedUpTo: issuedUpTo as number | undefined };
}

function wrong(sentence: string): RevocationOrderError {
  return new RevocationOrderError(`${sentence}.`);
}
