/**
 * How long to wait before the next try: full jitter, so that clients that were dropped together do not come back together.
 */
import { requestTimeoutMs } from '../../../protocol/limits';
import type { Timers } from './timers';

export interface BackoffOptions {
  /** Upper bound of the first wait, in milliseconds. Default 1,000. */
  readonly baseMs?: number;
  /** Upper bound of every wait. Default 30,000. */
  readonly capMs?: number;
  /** Tries before `connect()` and everything else fails. Default: no limit. */
  readonly maxAttempts?: number;
}

/** Anything from 0 to the bound, which doubles with each failed try (`attempt` counts from 0). */
export function backoffMs(
  attempt: number,
  timers: Pick<Timers, 'random'>,
  { baseMs = 1_000, capMs = 30_000 }: BackoffOptions = {},
): number {
  // Timers of the platforms run at once when they are to wait longer.
  return timers.random() * Math.min(requestTimeoutMs, capMs, baseMs * 2 ** Math.min(attempt, 30));
}
