/**
 * Messages of the inbox that wait for a handler: the first ones in memory, the others as ranges of the log, which are read when
 * there is a reader for them.
 */
import { backoffMs } from '../shared/backoff';
import type { Position } from '../shared/cursor';
import type { CursorWriter, Slot } from './cursor-writer';
import type { PubSubError } from '../shared/errors';
import type { LoggedMessage, Range } from './feed';
import type { HistoryPage } from '../connection/replies';
import type { Cancel, Timers } from '../shared/timers';

/** What a backlog needs of its stream. */
export interface BacklogPort {
  readonly client: { readonly timers: Timers };
  history(after: Position, limit: number): Promise<HistoryPage>;
  /** The log can't give these any more. */
  lost(reason: string, range: Range): void;
}

/** Those for whom the messages wait. */
interface Takers {
  /** Whether there are some, all with room. */
  readonly haveRoom: boolean;
  give(slot: Slot, message: LoggedMessage): void;
}

/** Of messages in memory: the first 1,000 small ones, fewer of large ones. */
const maxBytes = 8_192_000;
const minBytes = 8_192;
const pageLength = 100;

export class Backlog {
  #isBusy = false;
  #isEnded = false;
  #failures = 0;
  #retry: Cancel | undefined;
  readonly #unhandled: CursorWriter;
  readonly #port: BacklogPort;
  readonly #readers: Takers;

  constructor(unhandled: CursorWriter, port: BacklogPort, readers: Takers) {
    this.#unhandled = unhandled;
    this.#port = port;
    this.#readers = readers;
  }

  /** The oldest message that waits, or the range that begins with it. */
  get first(): Slot | undefined {
    return this.#unhandled.slots.find(({ waits }) => waits);
  }

  /** `readers`: those that have it all the same. */
  keep(message: LoggedMessage, readers: number): void {
    const { slots } = this.#unhandled;
    const { epoch, sequence: from } = message;
    const before = slots[this.#unhandled.placeOf({ epoch, from }) - 1];
    const isNext = before?.to === from - 1 && before.epoch === epoch;
    if (isNext && before.message === undefined && readers + before.readers === 0) before.to = from;
    else {
      const size = Math.max(minBytes, JSON.stringify(message).length);
      const fits = slots.reduce((sum, { bytes = 0 }) => sum + bytes, size) <= maxBytes;
      const kept = fits ? { message, bytes: size } : {};
      this.#unhandled.insert({ epoch, from, to: from, readers, waits: true, ...kept });
    }
  }

  end(): void {
    this.#isEnded = true;
    this.#retry?.();
  }

  /** Gives what there is to readers that have room. */
  async drain(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (!this.#isEnded && this.#readers.haveRoom) {
      const { first } = this;
      if (first?.message) this.#readers.give(first, first.message);
      else if (first === undefined || !(await this.#read(first))) break;
    }
    this.#isBusy = false;
    this.#unhandled.update();
  }

  /** Puts the first messages of the range in its place. Whether that went well. */
  async #read(slot: Slot): Promise<boolean> {
    const { epoch, from } = slot;
    const to = Math.min(slot.to, from + pageLength - 1);
    const { timers } = this.#port.client;
    try {
      const { next, messages, gaps } = await this.#port.history({ epoch, sequence: from - 1 }, to - from + 1);
      const last = Math.min(next?.sequence ?? to, to);
      for (const gap of gaps) this.#port.lost(gap.reason, gap);
      this.#replace(slot, last, messages as LoggedMessage[]);
      this.#failures = 0;
      return true;
    } catch (error) {
      if (isLost(error) && (await this.#skipLost(slot))) return true;
      this.#retry?.();
      this.#retry = timers.after(backoffMs(this.#failures++, timers), () => void this.drain());
      return false;
    }
  }

  #replace(slot: Slot, last: number, messages: readonly LoggedMessage[]): void {
    const { slots } = this.#unhandled;
    const found = messages
      .filter(({ sequence }) => sequence <= last)
      .map((message): Slot => {
        const { epoch, sequence } = message;
        return { epoch, from: sequence, to: sequence, message, readers: 0, waits: true };
      });
    slot.from = last + 1;
    slots.splice(slots.indexOf(slot), slot.from > slot.to ? 1 : 0, ...found);
  }

  /** Halving finds the first row of the range that has not expired: rows expire in their order. */
  async #skipLost(slot: Slot): Promise<boolean> {
    const { epoch, from, to } = slot;
    let [dead, alive] = [from, to + 1];
    while (alive - dead > 1) {
      const middle = Math.floor((dead + alive) / 2);
      try {
        await this.#port.history({ epoch, sequence: middle - 1 }, 1);
        alive = middle;
      } catch (error) {
        if (!isLost(error)) return false;
        dead = middle;
      }
    }
    this.#port.lost('expired', { from, to: alive - 1 });
    this.#replace(slot, alive - 1, []);
    return true;
  }
}

function isLost(error: unknown): boolean {
  return (error as PubSubError).code === 'not_recoverable';
}
