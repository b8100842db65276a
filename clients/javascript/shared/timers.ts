/**
 * Time and chance, as the client uses them: one small interface, so that tests can move the clock and choose the dice.
 */

export type Cancel = () => void;

export interface Timers {
  /** Milliseconds that pass as those of `after` do, whatever the clock is set to. They may stand still in a sleep. */
  now(): number;
  /** Epoch milliseconds by the clock of this machine, which may be wrong and may be set. They pass in a sleep as well. */
  date(): number;
  /** From 0 to 1, without 1. */
  random(): number;
  /**
   * Runs once; at once or later when the delay is negative. A timer that `keepsAlive` holds a Node process; others do not, because the socket does as long as there
   * is one.
   */
  after(delayMs: number, run: () => void, keepsAlive?: boolean): Cancel;
}

/** A timer that fires so late comes after a sleep, or after long work of the user's. */
const lateMs = 1_000;
/** In which the platform hands over what has arrived meanwhile. */
const catchUpMs = 50;

export const systemTimers: Timers = {
  now: () => performance.now(),
  date: () => Date.now(),
  random: () => Math.random(),
  after: (delayMs, run, keepsAlive = false) => {
    // A number in browsers, an object in Node.
    let timer: number | { unref(): void };
    const wait = (ms: number, then: () => void): void => {
      timer = setTimeout(then, ms);
      if (!keepsAlive && typeof timer === 'object') timer.unref();
    };
    const due = Date.now() + delayMs;
    wait(delayMs, () => {
      // Timers run before what the sockets have received: an answer that is here must not count as missing.
      if (keepsAlive || Date.now() - due < lateMs) run();
      else wait(catchUpMs, run);
    });
    return () => {
      clearTimeout(timer as number);
    };
  },
};
