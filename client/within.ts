/**
 * Waiting that ends.
 */
import { need, type WaitOptions } from './checks';
import { PubSubError } from './errors';
import type { Timers } from './timers';

/** A call that gives no time of its own. */
export const patienceMs = 60_000;

/** Settles with the promise, which must not reject, or when the time is over. Holds a Node process for so long. */
export function atMost(delayMs: number, promise: Promise<unknown>, timers: Timers): Promise<void> {
  return new Promise((resolve) => {
    const late = timers.after(delayMs, resolve, true);
    void promise.then(() => {
      late();
      resolve();
    });
  });
}

/** What the promise gives, unless the time is over (`timeout`) or the signal aborts (its reason) before. */
export async function within<T>(
  promise: Promise<T>,
  timers: Timers,
  { timeout = patienceMs, signal }: WaitOptions,
  /** What did not come, and why so far. */
  late: () => readonly [message: string, cause?: unknown],
): Promise<T> {
  // The caller may have given up by the time it rejects.
  promise.catch(() => undefined);
  need('time', { timeout });
  signal?.throwIfAborted();
  let settled = (): void => undefined;
  const end = new Promise<never>((_, reject) => {
    const cancel =
      timeout === Infinity
        ? undefined
        : timers.after(timeout, () => {
            const [message, cause] = late();
            reject(new PubSubError('timeout', `${message} in ${timeout} ms`, { cause }));
          });
    const aborted = (): void => {
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', aborted);
    settled = () => {
      cancel?.();
      signal?.removeEventListener('abort', aborted);
    };
  });
  try {
    return await Promise.race([promise, end]);
  } finally {
    settled();
  }
}
