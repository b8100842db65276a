/**
 * Messages of the inbox that wait for a handler: the first ones in memory, the others as ranges of the log, which are read when
 * there is a reader for them.
 */
import { backoffMs } from './backoff';
import type { Position } from './cursor';
import { PubSubError } from './errors';
import type { LoggedMessage, Range } from './feed';
import type { HistoryPage } from './replies';
import type { Cancel, Timers } from './timers';

export interface BacklogPort {
  readonly timers: Timers;
  /** Gives the message to its readers: `later` when one of them is full, `nobody` when it has none. */
  readonly give: (message: LoggedMessage) => 'given' | 'later' | 'nobody';
  readonly history: (after: Position, limit: number) => Promise<HistoryPage>;
  /** The log can't give these any more. */
  readonly lost: (range: Range, reason: string) => void;
  /** Some were given; `isEmpty`: nothing is left for the readers that are there. */
  readonly moved: (isEmpty: boolean) => void;
}

/** One message, or the range of several that are in the log only. */
interface Waiting {
  readonly epoch: string;
  from: number;
  to: number;
  message?: LoggedMessage;
}

const mostInMemory = 1_000;
const pageLength = 100;

export class Backlog {
  /** For the readers that are there, or not looked at since they are. In the order of the log. */
  private waiting: Waiting[] = [];
  /** For none of the readers that are there. */
  private unclaimed: Waiting[] = [];
  private inMemory = 0;
  private isBusy = false;
  private isEnded = false;
  private failures = 0;
  private retry: Cancel | undefined;

  constructor(private readonly port: BacklogPort) {}

  /** The oldest message that waits. */
  get first(): Position | undefined {
    const [first] = [...this.waiting.slice(0, 1), ...this.unclaimed.slice(0, 1)].sort(byPlace);
    return first && { epoch: first.epoch, sequence: first.from };
  }

  keep(message: LoggedMessage, isClaimed: boolean): void {
    const list = isClaimed ? this.waiting : this.unclaimed;
    const { epoch, sequence } = message;
    let index = list.length;
    while ((list[index - 1]?.from ?? 0) > sequence) index -= 1;
    const before = list[index - 1];
    const isNext = before?.epoch === epoch && before.to === sequence - 1;
    if (isNext && before.message === undefined) before.to = sequence;
    else {
      const one: Waiting = { epoch, from: sequence, to: sequence };
      if (this.inMemory < mostInMemory) {
        one.message = message;
        this.inMemory += 1;
      }
      list.splice(index, 0, one);
    }
  }

  /** There is a reader more: everything may be for it. */
  reclaim(): void {
    this.waiting = [...this.unclaimed.splice(0), ...this.waiting].sort(byPlace);
    void this.drain();
  }

  /** Nothing is for the readers that are left. */
  release(): void {
    this.unclaimed = [...this.unclaimed, ...this.waiting.splice(0)].sort(byPlace);
  }

  end(): void {
    this.isEnded = true;
    this.retry?.();
  }

  /** Gives what there is to readers that have room. */
  async drain(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    for (let index = 0; !this.isEnded;) {
      const item = this.waiting[index];
      if (item === undefined) break;
      const { message } = item;
      if (message === undefined) {
        // Reading on while a reader is full would fill the memory.
        if (index > 0 || !(await this.read(item))) break;
        continue;
      }
      // Taken out before: a handler may add and remove readers.
      this.waiting.splice(index, 1);
      const outcome = this.port.give(message);
      if (outcome === 'later') this.waiting.splice(index++, 0, item);
      else this.inMemory -= 1;
      if (outcome === 'nobody') this.keep(message, false);
    }
    this.isBusy = false;
    this.port.moved(this.waiting.length === 0);
  }

  /** Puts the first messages of the range in its place. Whether that went well. */
  private async read(item: Waiting): Promise<boolean> {
    const { epoch, from } = item;
    const to = Math.min(item.to, from + pageLength - 1);
    try {
      const page = await this.port.history({ epoch, sequence: from - 1 }, to - from + 1);
      const last = page.next?.sequence ?? to;
      const messages = page.messages.filter(({ sequence = 0 }) => sequence <= last) as LoggedMessage[];
      for (const gap of page.gaps) this.port.lost(gap, gap.reason);
      this.replace(item, Math.min(last, to), messages);
    } catch (error) {
      const isLost = error instanceof PubSubError && error.code === 'not_recoverable';
      if (isLost && (await this.skipLost(item))) return true;
      this.retry?.();
      this.retry = this.port.timers.after(backoffMs(this.failures++, this.port.timers), () => {
        void this.drain();
      });
      return false;
    }
    this.failures = 0;
    return true;
  }

  private replace(item: Waiting, last: number, messages: readonly LoggedMessage[]): void {
    const index = this.waiting.indexOf(item);
    // Every reader has gone meanwhile.
    if (index < 0) return;
    const found = messages.map((message): Waiting => {
      const { epoch, sequence } = message;
      return { epoch, from: sequence, to: sequence, message };
    });
    this.inMemory += found.length;
    item.from = last + 1;
    this.waiting.splice(index, item.from > item.to ? 1 : 0, ...found);
  }

  /** Halving finds the first row of the range that has not expired: rows expire in their order. */
  private async skipLost(item: Waiting): Promise<boolean> {
    const { epoch, from, to } = item;
    let [dead, alive] = [from, to + 1];
    while (alive - dead > 1) {
      const middle = Math.floor((dead + alive) / 2);
      try {
        await this.port.history({ epoch, sequence: middle - 1 }, 1);
        alive = middle;
      } catch (error) {
        if (!(error instanceof PubSubError) || error.code !== 'not_recoverable') return false;
        dead = middle;
      }
    }
    this.port.lost({ from, to: alive - 1 }, 'expired');
    this.replace(item, alive - 1, []);
    return true;
  }
}

function byPlace(a: Waiting, b: Waiting): number {
  return a.from - b.from;
}
