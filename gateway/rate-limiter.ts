/**
 * A token bucket on the gateway's clock, for AWS's quotas per second.
 * A burst is as large as one second's rate unless AWS says otherwise.
 */
import type { Clock } from './clock';

export class RateLimiter {
  private tokens: number;
  private filledAt: number;

  constructor(
    private readonly perSecond: number,
    private readonly clock: Clock,
    private readonly burst = perSecond,
  ) {
    this.tokens = burst;
    this.filledAt = clock.now();
  }

  /** Takes one token; false when there is none. A rate of 0 rejects everything. */
  take(): boolean {
    const now = this.clock.now();
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.filledAt) / 1000) * this.perSecond);
    this.filledAt = now;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}
