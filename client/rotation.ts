/**
 * Replaces each connection before it ends, and says when a plain token is over. All of it is counted from the service's own
 * words: the clock of this machine may be wrong.
 */
import { replaceInMs } from './replacement';
import type { Cancel, Timers } from './timers';

/** Timers of the platforms hold hardly more; the next connection plans again. */
const longestMs = 24 * 86_400_000;

export class Rotation {
  private next: Cancel | undefined;
  private expiry: Cancel | undefined;

  constructor(
    private readonly timers: Timers,
    /** A token that is not from a function can't be renewed: with it the client ends. */
    private readonly canRenew: boolean,
    private readonly replace: () => void,
    private readonly expired: () => void,
  ) {}

  /** For a connection that has just been opened; the life of its token is not a number when the service does not say. */
  plan(tokenLifeMs: number): void {
    const { timers, canRenew } = this;
    this.expiry?.();
    if (!canRenew && tokenLifeMs <= longestMs)
      this.expiry = timers.after(Math.max(0, tokenLifeMs), this.expired);
    this.replaceIn(replaceInMs(canRenew && tokenLifeMs > 0 ? tokenLifeMs : undefined, timers.random()));
  }

  /** The present connection stays until the next one is there. */
  replaceIn(delayMs: number): void {
    this.pause();
    this.next = this.timers.after(delayMs, this.replace);
  }

  /** There is no connection to replace. */
  pause(): void {
    this.next?.();
  }

  stop(): void {
    this.pause();
    this.expiry?.();
  }
}
