/**
 * A token bucket on the gateway's clock, for the quota of new connections per second.
 * AWS allows a burst as large as one second's rate.
 */
import type { Clock } from './clock';

export class RateLimiter {
  private tokens: number;
  private filledAt: number;

  constructor(
    private readonly perSecond: number,
    private readonly clock: Clock,
  ) {
    this.tokens = perSecond;
    this.filledAt = clock.now();
  }

  /** Takes one token, or says no. A rate of 0 refuses everything. */
  take(): boolean {
    const now = this.clock.now();
    this.tokens = Math.min(this.perSecond, this.tokens + ((now - this.filledAt) / 1000) * this.perSecond);
    this.filledAt = now;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}
