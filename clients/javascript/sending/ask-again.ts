/**
 * Questions that outlive a connection.
 */
import { backoffMs } from '../shared/backoff';
import { PubSubError } from '../shared/errors';
import type { Timers } from '../shared/timers';

/** Failures of the service after which a question is given up. */
const maxFailures = 5;

/** Asks on this connection or a later one, until there is an answer, a refusal, or nobody who waits for it. */
export async function askAgain<T>(
  arrival: () => Promise<void>,
  ask: () => Promise<T>,
  timers: Timers,
  isOver: () => boolean,
): Promise<T> {
  for (let failures = 0; ;) {
    await arrival();
    try {
      if (isOver()) throw new PubSubError('timeout');
      return await ask();
    } catch (error) {
      if (isOver() || !(error instanceof PubSubError) || !error.retryable || ++failures > maxFailures)
        throw error;
      await new Promise<void>((resolve) => {
        timers.after(backoffMs(failures - 1, timers), resolve);
      });
    }
  }
}
