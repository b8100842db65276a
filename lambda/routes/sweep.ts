/**
 * Run by the schedule. The event says nothing that matters.
 */
import { Deadline } from '../core/deadline';
import { errorFields } from '../core/error-fields';
import { sweep } from '../core/sweep';
import type { SweepDependencies } from '../core/sweep-connection';

/** Ours; the function's own timeout is 120 s. */
const timeMs = 115_000;

export function sweepRoute(deps: SweepDependencies) {
  return async (): Promise<void> => {
    const { clock, log } = deps;
    const startedAt = clock.now();
    try {
      const summary = await sweep(deps, new Deadline(clock, startedAt + timeMs));
      log.info('swept', { ...summary, ms: clock.now() - startedAt });
    } catch (error) {
      log.error('sweep_failed', { ...errorFields(error), ms: clock.now() - startedAt });
      throw error;
    }
  };
}
