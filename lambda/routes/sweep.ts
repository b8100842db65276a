/**
 * Run by the schedule, whose event says what time it is.
 */
import { Deadline } from '../core/deadline';
import { errorFields } from '../core/error-fields';
import type { EventClock } from '../core/ports';
import { sweep } from '../core/sweep';
import type { SweepDependencies } from '../core/sweep-connection';

/** Ours; the function's own timeout is 120 s. */
const timeMs = 115_000;

export function sweepRoute(deps: SweepDependencies & { readonly clock: EventClock }) {
  return async (event?: unknown): Promise<void> => {
    const { clock, log } = deps;
    const startedAt = clock.monotonic();
    clock.begin(timeOf(event));
    try {
      const summary = await sweep(deps, new Deadline(clock, startedAt + timeMs));
      log.info('swept', { ...summary, ms: clock.monotonic() - startedAt });
    } catch (error) {
      log.error('sweep_failed', { ...errorFields(error), ms: clock.monotonic() - startedAt });
      throw error;
    }
  };
}

/** Of the rule's event, to the second; `undefined` when somebody else has started the function. */
function timeOf(event: unknown): number | undefined {
  const time = typeof event === 'object' && event !== null && 'time' in event ? event.time : undefined;
  const at = typeof time === 'string' ? Date.parse(time) : NaN;
  return Number.isNaN(at) ? undefined : at;
}
