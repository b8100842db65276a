/**
 * A clock that tests can advance, with timers. The offset is in shared memory, so that functions in worker threads
 * have the same time.
 */

export interface Timer {
  cancel(): void;
}

interface Entry extends Timer {
  due: number;
  run: (() => void | Promise<void>) | undefined;
}

/** `setTimeout` fires at once for longer delays. */
const maxDelayMs = 2_147_483_647;

export class Clock {
  /** One 64-bit float: whole milliseconds to add to the system time. */
  readonly offset = new Float64Array(new SharedArrayBuffer(8));
  /** Ordered by due time, then by the order of creation. */
  private readonly entries: Entry[] = [];
  private timer: NodeJS.Timeout | undefined;
  private moving: Promise<void> = Promise.resolve();
  private stopped = false;

  now(): number {
    return Date.now() + (this.offset[0] ?? 0);
  }

  /** Runs once after `delayMs` of this clock. A promise that it returns is awaited by `advance`. */
  after(delayMs: number, run: () => void | Promise<void>): Timer {
    const entry: Entry = {
      due: this.now() + Math.ceil(delayMs),
      run,
      cancel: () => {
        entry.run = undefined;
      },
    };
    const insert = this.indexFor(entry.due);
    this.entries.splice(insert, 0, entry);
    if (insert === 0) this.schedule();
    return entry;
  }

  /** Resolves after `delayMs` of this clock. */
  wait(delayMs: number): Promise<void> {
    if (delayMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /** Advances the time. Timers that become due fire in order, each at its own time. */
  advance(ms: number): Promise<void> {
    this.moving = this.moving.then(() => this.move(ms));
    return this.moving;
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.entries.length = 0;
  }

  private async move(ms: number): Promise<void> {
    const target = this.now() + Math.ceil(ms);
    for (;;) {
      const entry = this.entries[0];
      if (this.stopped || entry === undefined || entry.due > target) break;
      this.moveTo(entry.due);
      this.entries.shift();
      await this.fire(entry);
      // Effects of the timer, such as a closing socket, are processed before later timers.
      await new Promise(setImmediate);
    }
    this.moveTo(target);
    this.schedule();
  }

  private moveTo(time: number): void {
    const ahead = time - this.now();
    if (ahead > 0) this.offset[0] = (this.offset[0] ?? 0) + ahead;
  }

  private indexFor(due: number): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle]?.due ?? Infinity) <= due) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private schedule(): void {
    clearTimeout(this.timer);
    const next = this.entries[0];
    if (this.stopped || next === undefined) return;
    const delay = Math.min(Math.max(next.due - this.now(), 0), maxDelayMs);
    this.timer = setTimeout(() => {
      this.fireDue();
    }, delay);
  }

  private fireDue(): void {
    for (let entry = this.entries[0]; entry !== undefined; entry = this.entries[0]) {
      if (entry.run !== undefined && entry.due > this.now()) break;
      this.entries.shift();
      void this.fire(entry);
    }
    this.schedule();
  }

  private async fire(entry: Entry): Promise<void> {
    const run = entry.run;
    entry.run = undefined;
    await run?.();
  }
}
