/**
 * The clock of the service, as its answers tell it: that of this machine may be wrong.
 */
import { type Frame, timeIn } from './messages';
import type { Timers } from './timers';

export class ServerClock {
  /** Server's time less ours. */
  private skewMs = 0;

  constructor(private readonly timers: Timers) {}

  /** Epoch milliseconds. */
  now(): number {
    return this.timers.now() + this.skewMs;
  }

  /** From an answer that the service has just written. */
  learn({ timestamp }: Frame): void {
    const now = this.timers.now();
    this.skewMs = (timeIn(timestamp) ?? now) - now;
  }
}
