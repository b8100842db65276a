/**
 * Waiting that ends.
 */
import { need, type WaitOptions } from './checks';
import { deferred } from './deferred';
import type { PubSubError } from './errors';
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

/** What the promise gives, unless the time is over (the error of `late`) or the signal aborts (its reason) before. */
export async function within<T>(
  promise: Promise<T>,
  timers: Timers,
  { timeout = patienceMs, signal }: WaitOptions,
  late: (timeout: number) => PubSubError,
): Promise<T> {
  // The caller may have given up by the time it rejects.
  promise.catch(() => undefined);
  need('time', { timeout });
  signal?.throwIfAborted();
  const end = deferred<never>();
  const aborted = (): void => {
    end.reject(signal?.reason);
  };
  const cancel =
    timeout < Infinity &&
    timers.after(timeout, () => {
      end.reject(late(timeout));
    });
  signal?.addEventListener('abort', aborted);
  try {
    return await Promise.race([promise, end.promise]);
  } finally {
    if (cancel) cancel();
    signal?.removeEventListener('abort', aborted);
  }
}
