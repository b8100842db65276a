/**
 * Asks the service now and then how things stand. A ping is billed, so it is rare while all is well: it keeps the
 * connection from being closed for silence, and finds a message whose live copy was lost.
 */
import type { Cancel, Timers } from '../shared/timers';

const urgentMs = 30_000;
/** API Gateway closes a connection after 10 minutes of silence. A hidden browser tab runs its timers up to a minute late. */
const restingMs = 9 * 60_000;

export class Heartbeat {
  #lastPingAt = 0;
  #timer: Cancel | undefined;
  readonly #timers: Timers;
  /** Whether something is unacknowledged or missing. */
  readonly #isUrgent: () => boolean;
  readonly #ping: () => void;
  readonly #heartbeatMs: number;

  constructor(timers: Timers, isUrgent: () => boolean, ping: () => void, heartbeatMs?: number) {
    this.#timers = timers;
    this.#isUrgent = isUrgent;
    this.#ping = ping;
    this.#heartbeatMs = heartbeatMs ?? restingMs;
  }

  start(): void {
    this.#lastPingAt = this.#timers.now();
    this.#wait();
  }

  stop(): void {
    this.#timer?.();
  }

  #wait(): void {
    this.stop();
    const restMs = this.#lastPingAt + this.#heartbeatMs - this.#timers.now();
    this.#timer = this.#timers.after(Math.min(urgentMs, restMs), () => {
      const now = this.#timers.now();
      if (this.#isUrgent() || now - this.#lastPingAt >= this.#heartbeatMs) {
        this.#lastPingAt = now;
        this.#ping();
      }
      this.#wait();
    });
  }
}
