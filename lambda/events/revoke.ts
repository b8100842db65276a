/**
 * Invoked by the operator's commands with an order as its payload. The answer says how many connections were closed; when some
 * could not be closed in time, the invocation fails, and the order may be given again.
 */
import { Deadline } from '../shared/deadline';
import { errorFields } from '../shared/error-fields';
import { readRevocationOrder } from '../revocation/revocation-order';
import { revoke, type RevokeDependencies } from '../revocation/revoke';

/** Ours; the function's own timeout is 120 s. */
const timeMs = 110_000;

export interface RevokeAnswer {
  readonly closed: number;
}

export function revokeRoute(deps: RevokeDependencies) {
  return async (payload: unknown): Promise<RevokeAnswer> => {
    const startedAt = deps.clock.monotonic();
    const order = readRevocationOrder(payload);
    const { action, tenantId, agentId, tokenId } = order;
    const fields = { action, tenant_id: tenantId, agent_id: agentId, jti: tokenId };
    try {
      const { closed, left } = await revoke(deps, order, new Deadline(deps.clock, startedAt + timeMs));
      if (left > 0) throw new Error(`${left} connections could not be closed`);
      deps.log.info('revocation', { ...fields, audit: true, closed, ms: deps.clock.monotonic() - startedAt });
      return { closed };
    } catch (error) {
      deps.log.error('revocation_failed', { ...fields, audit: true, ...errorFields(error) });
      throw error;
    }
  };
}
