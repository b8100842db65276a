/**
 * Carries out an order of the operator: first the tokens are refused, then the connections end that were opened with them.
 * Idempotent, so that an order that failed halfway can be given again.
 */
import type { RevocationOrder } from './revocation-order';
import { closeConnections, type CloseDependencies, type CloseSummary } from './close-connections';
import type { Deadline } from '../shared/deadline';
import { isRefusedBy, type RevocationStore } from '../shared/ports';

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
  const { action, tenantId, agentId, tokenId } = order;
  const scope = { tenantId, agentId, tokenId };
  const now = deps.clock.now();
  switch (action) {
    case 'unrevoke':
      await deps.revocations.remove(scope);
      return { closed: 0, left: 0 };
    case 'kick':
      return closeConnections(deps, scope, 'kicked', () => true, deadline);
    case 'block':
      await deps.revocations.put(scope, { issuedUpTo: forever, expiresAt: undefined });
      return closeConnections(deps, scope, 'revoked', () => true, deadline);
    case 'revoke': {
      const issuedUpTo = tokenId === undefined ? (order.issuedUpTo ?? now) : forever;
      await deps.revocations.put(scope, { issuedUpTo, expiresAt: now + deps.maxTokenMs });
      return closeConnections(
        deps,
        scope,
        'revoked',
        ({ tokenIssuedAt }) => isRefusedBy({ issuedUpTo }, tokenIssuedAt),
        deadline,
      );
    }
  }
}
