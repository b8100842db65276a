/**
 * Asks the service now and then how things stand. A ping is billed, so it is rare while all is well: it keeps the
 * connection from being closed for silence, and tells of a message whose live copy got lost.
 */
import type { Cancel, Timers } from './timers';

const restingMs = 5 * 60_000;
const urgentMs = 30_000;

export class Heartbeat {
  private lastPingAt = 0;
  private timer: Cancel | undefined;

  constructor(
    private readonly timers: Timers,
    /** Whether something is unacknowledged or missing. */
    private readonly isUrgent: () => boolean,
    private readonly ping: () => void,
  ) {}

  start(): void {
    this.lastPingAt = this.timers.now();
    this.wait();
  }

  stop(): void {
    this.timer?.();
  }

  private wait(): void {
    this.stop();
    this.timer = this.timers.after(urgentMs, () => {
      const now = this.timers.now();
      if (this.isUrgent() || now - this.lastPingAt >= restingMs) {
        this.lastPingAt = now;
        this.ping();
      }
      this.wait();
    });
  }
}
