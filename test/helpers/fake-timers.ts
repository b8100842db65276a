/**
 * Time and chance for tests of the client: moved by hand, and from a seed.
 */
import type { Cancel, Timers } from '../../clients/javascript/shared/timers';

interface Entry {
  readonly due: number;
  readonly run: () => void;
}

export class FakeTimers implements Timers {
  private time = Date.parse('2026-11-24T18:00:00.000Z');
  private entries: Entry[] = [];
  private state: number;
  private setByMs = 0;

  constructor(seed = 1) {
    this.state = seed;
  }

  now(): number {
    return this.time;
  }

  date(): number {
    return this.time + this.setByMs;
  }

  /** Sets the clock of the machine: nothing passes. */
  setClock(ms: number): void {
    this.setByMs += ms;
  }

  /** Mulberry32: short, and good enough to throw dice. */
  random(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let x = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    x ^= x + Math.imul(x ^ (x >>> 7), 61 | x);
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  }

  after(delayMs: number, run: () => void): Cancel {
    const entry = { due: this.time + Math.max(0, delayMs), run };
    const place = this.entries.findIndex(({ due }) => due > entry.due);
    this.entries.splice(place === -1 ? this.entries.length : place, 0, entry);
    return () => {
      this.entries = this.entries.filter((other) => other !== entry);
    };
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.entries.length;
  }

  /** Everything that falls due on the way happens at its time, with all that follows from it. */
  async advance(ms: number): Promise<void> {
    const target = this.time + ms;
    await settled();
    for (let entry = this.entries[0]; entry !== undefined && entry.due <= target; entry = this.entries[0]) {
      this.entries.shift();
      this.time = Math.max(this.time, entry.due);
      entry.run();
      await settled();
    }
    this.time = target;
  }

  /** The machine sleeps: what falls due meanwhile happens late, all at the end. */
  async sleep(ms: number): Promise<void> {
    this.time += ms;
    await this.advance(0);
  }
}

/** Every promise that can settle by itself has. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
