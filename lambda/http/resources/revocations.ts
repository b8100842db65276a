/**
 * Orders to refuse tokens, to end connections and to erase (HTTP-9, HTTP-10, HTTP-13). What has to hold at once is written before the answer;
 * the rest is done by the function of the operator's commands, which has the time for it.
 */
import { isId, mayManageTenant, readErasure, readRevocation, type Started } from '../../../protocol/index';
import { readRevocationOrder, RevocationOrderError } from '../../revocation/revocation-order';
import { changeRevocation } from '../../revocation/revoke';
import type { Caller } from '../../shared/caller';
import type { Clock, Invoker, RevocationStore } from '../../shared/ports';
import { agentIn } from './agents';
import { refuse } from '../http-problem';
import { readQuery } from '../query';
import type { Session } from '../session';

export interface RevocationDependencies {
  readonly revocations: RevocationStore;
  readonly invoker: Invoker;
  /** The function that carries out orders. */
  readonly revokeFunction: string;
  readonly maxTokenMs: number;
  readonly clock: Clock;
}

const started: Started = { status: 'accepted' };

/** @throws HttpProblem. Throws what the invoker throws. */
export async function closeConnectionsOf(
  deps: RevocationDependencies,
  { caller }: Session,
  segment: string,
): Promise<Started> {
  const agentId = agentIn(segment);
  if (agentId !== caller.agentId) requireService(caller);
  await deps.invoker.start(deps.revokeFunction, {
    action: 'kick',
    tenant_id: caller.tenantId,
    agent_id: agentId,
  });
  return started;
}

/** @throws HttpProblem. Throws what the store and the invoker throw. */
export async function revokeTokens(
  deps: RevocationDependencies,
  { caller }: Session,
  text: string,
): Promise<Started> {
  requireService(caller);
  const request = readRevocation(text);
  if (typeof request === 'string') throw refuse('invalid_message', request);
  const isDated = request.action === 'revoke' && request.jti === undefined;
  const order = {
    ...(isDated && { issued_up_to: deps.clock.now() }),
    ...request,
    tenant_id: caller.tenantId,
  };
  await changeRevocation(deps, orderOf(order));
  await deps.invoker.start(deps.revokeFunction, order);
  return started;
}

/** @throws HttpProblem. Throws what the invoker throws. */
export async function eraseAgentOrTenant(
  deps: RevocationDependencies,
  { caller }: Session,
  text: string,
): Promise<Started> {
  requireService(caller);
  const order = readErasure(text);
  if (typeof order === 'string') throw refuse('invalid_message', order);
  if (order.agent_id !== undefined && !isId(order.agent_id))
    throw refuse('invalid_message', '"agent_id" must be the id of an agent');
  await deps.invoker.start(deps.revokeFunction, {
    ...order,
    tenant_id: caller.tenantId,
    unattended: true,
  });
  return started;
}

/** @throws HttpProblem. Throws what the store throws. */
export async function takeBackRevocation(
  deps: RevocationDependencies,
  { caller }: Session,
  url: string,
): Promise<void> {
  requireService(caller);
  const { agent_id: agentId, jti, all } = readQuery(url, ['agent_id', 'jti', 'all']);
  if ((agentId === undefined) === (all === undefined) || (all !== undefined && all !== 'true'))
    throw refuse('invalid_message', 'Give "agent_id", or "all=true"');
  await changeRevocation(
    deps,
    orderOf({ action: 'unrevoke', tenant_id: caller.tenantId, agent_id: agentId, jti }),
  );
}

function orderOf(payload: object): ReturnType<typeof readRevocationOrder> {
  try {
    return readRevocationOrder(payload);
  } catch (error) {
    if (error instanceof RevocationOrderError) throw refuse('invalid_message', error.message);
    throw error;
  }
}

/** TOK-12 */
function requireService({ grants }: Caller): void {
  if (!mayManageTenant(grants)) throw refuse('forbidden', 'This needs a token with the role "service"');
}
