/**
 * Time that passes only from event to event. What waits is ordered by its time, what is due together by chance: the seed
 * decides every interleaving, and the same seed gives the same run.
 */
import type { Time } from '../model-client';

interface Entry {
  readonly due: number;
  readonly tie: number;
  readonly run: () => void;
}

export class VirtualTime implements Time {
  private time = 1_790_000_000_000;
  private readonly heap: Entry[] = [];

  constructor(readonly random: () => number) {}

  /** Whole milliseconds, as clocks tell them; what happens within one still has its order. */
  now(): number {
    return Math.floor(this.time);
  }

  /** The same with its fraction, for what has to keep an order within a millisecond. */
  get moment(): number {
    return this.time;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  after(ms: number, run: () => void): void {
    this.at(this.time + Math.max(0, ms), run);
  }

  /** `moment`: on the scale of `moment` above. */
  at(moment: number, run: () => void): void {
    this.push({ due: Math.max(moment, this.time), tie: this.random(), run });
  }

  /** Lets everything happen that is due until then; between two events whatever can go on does. */
  async runUntil(end: number): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      const next = this.heap[0];
      if (next === undefined || next.due > end) break;
      this.pop();
      this.time = next.due;
      next.run();
    }
    this.time = end;
  }

  private push(entry: Entry): void {
    const { heap } = this;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.due < b.due || (a.due === b.due && a.tie < b.tie);
}
