/**
 * Time and chance, as the client uses them: one small interface, so that tests can move the clock and choose the dice.
 */

export type Cancel = () => void;

export interface Timers {
  /** Epoch milliseconds. */
  now(): number;
  /** From 0 to 1, without 1. */
  random(): number;
  /**
   * Runs once. A timer that `keepsAlive` holds a Node process; others do not, because the socket does as long as there
   * is one.
   */
  after(delayMs: number, run: () => void, keepsAlive?: boolean): Cancel;
}

export const systemTimers: Timers = {
  now: () => Date.now(),
  random: () => Math.random(),
  after: (delayMs, run, keepsAlive = false) => {
    // A number in browsers, an object in Node.
    const timer = setTimeout(run, delayMs) as number | { unref(): void };
    if (!keepsAlive && typeof timer === 'object') timer.unref();
    return () => {
      clearTimeout(timer as number);
    };
  },
};
