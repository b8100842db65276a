/**
 * Invoked by the operator's command, or by the HTTP API, with an order to erase an agent or a tenant. The answer is the report; when
 * its time is over before all is done, it has the payload for the next invocation.
 */
import { erase, type EraseDependencies } from '../erasure/erase';
import { type ErasureCounts, erasurePayload, isErasure, readErasureOrder } from '../erasure/erasure-order';
import { type KeptDays, type Remains, remainsOf } from '../erasure/remains';
import { Deadline } from '../shared/deadline';
import { errorFields } from '../shared/error-fields';

/** Ours; the function's own timeout is 120 s. A page of rows that has been begun is finished. */
const timeMs = 90_000;

export interface EraseRouteDependencies extends EraseDependencies {
  /** The function itself. */
  readonly ownFunction: string;
  readonly retentionMs: number;
  readonly keptDays: KeptDays;
}

export interface EraseAnswer extends ErasureCounts {
  /** Absent when all is done: the payload that goes on. */
  readonly next?: object;
  readonly remains: Remains;
}

export function eraseRoute(deps: EraseRouteDependencies) {
  return async (payload: unknown): Promise<EraseAnswer> => {
    const startedAt = deps.clock.monotonic();
    const order = readErasureOrder(payload);
    const fields = { tenant_id: order.tenantId, agent_id: order.agentId, audit: true };
    try {
      const { counts, place, isQueueClean } = await erase(
        deps,
        order,
        new Deadline(deps.clock, startedAt + timeMs),
      );
      const next = place && erasurePayload({ ...order, place, counts });
      if (next !== undefined && order.isUnattended) await deps.invoker.start(deps.ownFunction, next);
      const ms = deps.clock.monotonic() - startedAt;
      deps.log.info('erasure', {
        ...fields,
        ...counts,
        complete: next === undefined,
        failure_queue_clean: isQueueClean,
        ms,
      });
      return { ...counts, ...(next && { next }), remains: remainsFor(deps, isQueueClean) };
    } catch (error) {
      deps.log.error('erasure_failed', { ...fields, ...errorFields(error) });
      throw error;
    }
  };
}

type Route<Answer> = (payload: unknown) => Promise<Answer>;

/** One function carries out all orders: it has the role that ends connections, which an erasure begins with. */
export function orderRoute<Revoked, Erased>(
  revoke: Route<Revoked>,
  erasing: Route<Erased>,
): Route<Revoked | Erased> {
  return async (payload) => (isErasure(payload) ? erasing(payload) : revoke(payload));
}

function remainsFor(
  { clock, retentionMs, maxTokenMs, keptDays }: EraseRouteDependencies,
  isQueueClean: boolean,
): Remains {
  return remainsOf({ now: clock.now(), retentionMs, maxTokenMs, keptDays, isQueueClean });
}
