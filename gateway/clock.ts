/**
 * A clock that tests can move, with the timers that run on it. The offset lies in shared memory,
 * so that functions in worker threads see the moved time as well.
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
  /** One 64-bit float: whole milliseconds to add to the machine's time, since epoch milliseconds are whole everywhere. */
  readonly offset = new Float64Array(new SharedArrayBuffer(8));
  /** Ordered by due time; entries due together keep the order in which they were set. */
  private readonly entries: Entry[] = [];
  private alarm: NodeJS.Timeout | undefined;
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
    const place = this.placeFor(entry.due);
    this.entries.splice(place, 0, entry);
    if (place === 0) this.arm();
    return entry;
  }

  /** Resolves after `delayMs` of this clock. */
  wait(delayMs: number): Promise<void> {
    if (delayMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /** Moves the time; every timer that falls due on the way fires at its own time, in order. */
  advance(ms: number): Promise<void> {
    this.moving = this.moving.then(() => this.move(ms));
    return this.moving;
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.alarm);
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
      // What the timer set in motion (a closing socket, say) gets a turn before later timers.
      await new Promise(setImmediate);
    }
    this.moveTo(target);
    this.arm();
  }

  private moveTo(time: number): void {
    const ahead = time - this.now();
    if (ahead > 0) this.offset[0] = (this.offset[0] ?? 0) + ahead;
  }

  private placeFor(due: number): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle]?.due ?? Infinity) <= due) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private arm(): void {
    clearTimeout(this.alarm);
    const next = this.entries[0];
    if (this.stopped || next === undefined) return;
    const delay = Math.min(Math.max(next.due - this.now(), 0), maxDelayMs);
    this.alarm = setTimeout(() => {
      this.ring();
    }, delay);
  }

  private ring(): void {
    for (let entry = this.entries[0]; entry !== undefined; entry = this.entries[0]) {
      if (entry.run !== undefined && entry.due > this.now()) break;
      this.entries.shift();
      void this.fire(entry);
    }
    this.arm();
  }

  private async fire(entry: Entry): Promise<void> {
    const run = entry.run;
    entry.run = undefined;
    await run?.();
  }
}
