/**
 * Carries out an order of the operator: first the tokens are refused, then the connections end that were opened with them.
 * Idempotent, so that an order that failed halfway can be given again.
 */
import type { RevocationOrder } from './revocation-order';
import { closeConnections, type CloseDependencies, type CloseSummary } from './close-connections';
import type { Deadline } from '../shared/deadline';
import { isRefusedBy, type Revocation, type RevocationStore } from '../shared/ports';

export interface RevokeDependencies extends CloseDependencies {
  readonly revocations: RevocationStore;
  /** The longest life of a token: after that, no token is left that a revocation could refuse. */
  readonly maxTokenMs: number;
}

/** Later than any token says that it was issued. */
const forever = Number.MAX_SAFE_INTEGER;

/** Throws what the stores throw. */
export async function revoke(
  deps: RevokeDependencies,
  order: RevocationOrder,
  deadline: Deadline,
): Promise<CloseSummary> {
  if (order.action === 'kick') return closeConnections(deps, order, 'kicked', () => true, deadline);
  const refused = await changeRevocation(deps, order);
  if (refused === undefined) return { closed: 0, left: 0 };
  await sendEvent(deps, order, refused.issuedUpTo === forever ? undefined : refused.issuedUpTo);
  return closeConnections(
    deps,
    order,
    'revoked',
    ({ tokenIssuedAt }) => order.action === 'block' || isRefusedBy(refused, tokenIssuedAt),
    deadline,
  );
}

/** Writes or removes the revocation, and closes nothing. Gives what is refused now. Throws what the store throws. */
export async function changeRevocation(
  deps: Pick<RevokeDependencies, 'revocations' | 'maxTokenMs' | 'clock'>,
  { action, tenantId, agentId, tokenId, issuedUpTo }: RevocationOrder,
): Promise<Revocation | undefined> {
  const scope = { tenantId, agentId, tokenId };
  const now = deps.clock.now();
  if (action === 'unrevoke') {
    await deps.revocations.remove(scope);
    return undefined;
  }
  const revocation =
    action === 'block'
      ? { issuedUpTo: forever, expiresAt: undefined }
      : {
          issuedUpTo: tokenId === undefined ? (issuedUpTo ?? now) : forever,
          expiresAt: now + deps.maxTokenMs,
        };
  await deps.revocations.put(scope, revocation);
  return revocation;
}

/** `issuedUpTo`: absent = all tokens. */
async function sendEvent(
  { events, clock }: RevokeDependencies,
  { action, tenantId, agentId, tokenId }: RevocationOrder,
  issuedUpTo: number | undefined,
): Promise<void> {
  const detail = {
    tenant_id: tenantId,
    agent_id: agentId,
    jti: tokenId,
    action,
    issued_up_to: issuedUpTo === undefined ? undefined : new Date(issuedUpTo).toISOString(),
    timestamp: new Date(clock.now()).toISOString(),
  };
  await events?.send([{ type: 'token.revoked', detail: JSON.stringify(detail) }]);
}
