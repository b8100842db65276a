/**
 * Run by the schedule, whose event says what time it is.
 */
import { Deadline } from '../shared/deadline';
import { errorFields } from '../shared/error-fields';
import type { EventClock } from '../shared/ports';
import { sweep } from '../sweep/sweep';
import { wakeSleepers } from '../sweep/wake-sleepers';
import type { SweepDependencies } from '../sweep/sweep-connection';

/** Ours; the function's own timeout is 120 s. */
const timeMs = 115_000;
/** The most that waking agents may take of it. */
const wakingMs = 25_000;

export function sweepRoute(deps: SweepDependencies & { readonly clock: EventClock }) {
  return async (event?: unknown): Promise<void> => {
    const { clock, log } = deps;
    const startedAt = clock.monotonic();
    clock.startEvent(timeOf(event));
    try {
      const deadline = new Deadline(clock, startedAt + timeMs);
      // First: the rest may take all of the time.
      const announced = await wakeSleepers(deps, deadline.within(wakingMs));
      const summary = await sweep(deps, deadline);
      const { gone = 0, over = 0, repaired = 0, strays = 0 } = summary;
      // What no event told of. Absent when there is nothing, so that an idle deployment has no data.
      const findings = gone + over + repaired + strays || undefined;
      log.info('swept', {
        ...summary,
        findings,
        announced: announced || undefined,
        ms: clock.monotonic() - startedAt,
      });
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
