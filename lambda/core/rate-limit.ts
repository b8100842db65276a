/**
 * The arithmetic of a rate with a burst, as one environment sees it. A frame uses up `1 / perSecond` of time. The time used
 * up never lags behind now by more than the burst; where it is ahead of now, nothing may go.
 */

export interface Rate {
  /** 0 = no limit. */
  readonly perSecond: number;
  /** Frames that may come at once after a rest. */
  readonly burst: number;
}

/**
 * One environment's share in the counting of one agent or tenant. It knows its own frames at once and those of other
 * environments from the last answer of the common counter; so it never refuses what a single counter would have admitted.
 */
export class RateShare {
  private readonly frameMs: number;
  /** Epoch milliseconds. */
  private usedUntil = -Infinity;
  private unreported = 0;
  private seen: number;

  /** `every`: frames seen per report. `phase` (0 ≤ x < 1) spreads the first reports of environments that start together. */
  constructor(
    private readonly rate: Rate,
    private readonly every: number,
    phase: number,
  ) {
    this.frameMs = 1_000 / rate.perSecond;
    this.seen = Math.floor(phase * every);
  }

  /** Time that counts as used up at the least. */
  floorAt(now: number): number {
    return now - this.rate.burst * this.frameMs;
  }

  /** Whether as much time as the burst has gone by unused, as far as is known here. */
  isRestedAt(now: number): boolean {
    return this.usedUntil < this.floorAt(now);
  }

  /** How many frames may go. */
  roomAt(now: number): number {
    const used = Math.max(this.usedUntil, this.floorAt(now));
    // The fraction forgives what floating point loses at epoch milliseconds.
    return Math.max(0, Math.floor((now - used) / this.frameMs + 0.01));
  }

  /** How long until so many frames may go at once, or as many as ever may. */
  waitMs(frames: number, now: number): number {
    const needed = Math.min(frames, this.rate.burst) * this.frameMs;
    return Math.max(1, Math.ceil(Math.max(this.usedUntil, this.floorAt(now)) + needed - now));
  }

  /** Frames have come, and the first `admitted` of them go. Gives the milliseconds to report now, mostly none. */
  take(frames: number, admitted: number, now: number): number {
    this.seen += frames;
    if (admitted === 0) return 0;
    this.usedUntil = Math.max(this.usedUntil, this.floorAt(now)) + admitted * this.frameMs;
    this.unreported += admitted;
    if (this.seen < this.every) return 0;
    const reportMs = this.unreported * this.frameMs;
    this.seen = 0;
    this.unreported = 0;
    return reportMs;
  }

  /** The common counter's answer to a report. */
  learn(usedUntil: number): void {
    this.usedUntil = Math.max(this.usedUntil, usedUntil);
  }
}
