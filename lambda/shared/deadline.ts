/**
 * The time that one invocation has. Work that can't end in time is not started, so that the function is never cut off in
 * the middle of a write.
 */
import type { Clock } from './ports';

/** What an asynchronous function (inbox, presence, fan-out) may use of its timeout of 60 s: a last post and its writes follow. */
export const jobTimeMs = 50_000;

export class Deadline {
  constructor(
    private readonly clock: Clock,
    /** On the monotonic clock. */
    private readonly at: number,
  ) {}

  get remainingMs(): number {
    return Math.max(0, this.at - this.clock.monotonic());
  }

  get hasPassed(): boolean {
    return this.clock.monotonic() >= this.at;
  }

  /** The earlier of this deadline and `ms` from now. */
  within(ms: number): Deadline {
    return new Deadline(this.clock, Math.min(this.at, this.clock.monotonic() + ms));
  }
}
