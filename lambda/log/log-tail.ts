/**
 * The end of one log during one text message: where its next message goes, and which rows may already be a copy of one of
 * its messages. It is read once; rows that others write later are met as conflicts, so none of them is jumped over.
 */
import type { Position } from '../../protocol/index';
import type { Deadline } from '../shared/deadline';
import { type EndDependencies, logEnd } from './log-end';
import { SearchBudget } from './read-budget';
import type { Head, MessageFields } from '../shared/stores/history-store';
import type { NewId } from '../shared/ports';
import type { WorkBudget } from '../shared/work-budget';

export interface FreeSlot {
  readonly kind: 'free';
  readonly position: Position;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  /** Of the row before it, which may have expired; `undefined` when there is none. */
  readonly previousTimestamp: number | undefined;
}

/** Where a message goes: to a free place, or nowhere, as a copy of it is in the log already. */
export type Slot = FreeSlot | { readonly kind: 'taken'; readonly row: MessageFields };

/** A text message as the platform delivered it. */
export interface Arrival {
  readonly agentId: string;
  /** The platform's id of the event. An event that it delivers twice has the same id both times. */
  readonly requestId: string;
  /** When it reached the platform, epoch milliseconds. */
  readonly sentAt: number;
}

/** One frame of it. */
export interface FrameKey {
  readonly id: string;
  /** Of the frame in its text message. */
  readonly index: number;
  /** Whether the sender says that it may have sent this id before. */
  readonly isRetry: boolean;
}

export interface TailDependencies extends EndDependencies {
  readonly newId: NewId;
}

/** How far a retry looks for its first copy. */
const searchWindowMs = 10 * 60_000;
/** No search reads more rows: a channel takes about as many in the five seconds by which an event may be late. */
const maxSearchedRows = 1_000;
/**
 * No event comes so late: API Gateway waits 29 s for a function. A row that is further ahead was stamped by a wrong clock. Its
 * time is not taken over, nor does it count as newer than the event.
 */
const maxAheadMs = 90_000;

export class LogTail {
  /** The last row of the log, as far as it is known; a log without rows ends where item 0 or a new epoch says. */
  private last: (Position & { readonly timestamp: number | undefined }) | undefined;
  /** The rows of the same agent that were met, by sequence. */
  private readonly ownRows = new Map<number, MessageFields>();
  private searchedTo = Infinity;
  /** Whether too many rows are newer than the event to say of all that they are no copies. */
  private hasTooManyNewerRows = false;

  constructor(
    private readonly deps: TailDependencies,
    readonly subject: string,
    readonly arrival: Arrival,
    private readonly budget = new SearchBudget(),
  ) {}

  /**
   * Where the message goes. `undefined` when that can't be found out in time, or among too many rows that are newer than the
   * event. Throws what the store throws.
   */
  async findSlot(message: FrameKey, deadline: Deadline): Promise<Slot | undefined> {
    const from = this.arrival.sentAt - searchWindowMs;
    if (message.isRetry && (this.searchedTo <= from || !this.budget.isUsedUp)) {
      const isSearched = await this.search(from, deadline);
      return isSearched ? this.nextSlot(message) : undefined;
    }
    if (this.last === undefined && !(await this.readHead(deadline))) return undefined;
    return this.hasTooManyNewerRows ? undefined : this.nextSlot(message);
  }

  /** The same from what is known by now, without a call. */
  nextSlot(message: FrameKey): Slot | undefined {
    const row = this.findCopy(message);
    if (row !== undefined) return { kind: 'taken', row };
    if (this.last === undefined) return undefined;
    const { epoch, sequence, timestamp } = this.last;
    return {
      kind: 'free',
      position: { epoch, sequence: sequence + 1 },
      timestamp: this.timestampAfter(timestamp),
      previousTimestamp: timestamp,
    };
  }

  /** The row is in the log. */
  addRow(row: MessageFields): void {
    if (this.last === undefined || row.sequence > this.last.sequence) this.last = row;
    if (row.agentId === this.arrival.agentId) this.ownRows.set(row.sequence, row);
  }

  /** Whether the text message has units for one more put. */
  get hasPut(): boolean {
    return this.budget.hasPut;
  }

  /** For the row of a frame. What it begins with tells a second delivery of the event. */
  newNonce(index: number): string {
    return `${this.noncePrefixOf(index)}${this.deps.newId()}`;
  }

  /** A newest row that is not older than the event may be the work of another delivery of it, or stand behind one. */
  private async readHead(deadline: Deadline): Promise<boolean> {
    const head = await this.deps.history.head(this.subject);
    const { sentAt } = this.arrival;
    if (head.row !== undefined && head.row.timestamp >= sentAt && !this.isFromWrongClock(head.row.timestamp))
      return this.search(sentAt, deadline);
    await this.continueAfter(head);
    return true;
  }

  /** Meets the rows from the newest one back to the first that is older than `from`. Tells whether there was time for it. */
  private async search(from: number, deadline: Deadline): Promise<boolean> {
    if (from >= this.searchedTo) return true;
    const met: MessageFields[] = [];
    let newest: MessageFields | undefined;
    search: for await (const page of this.deps.history.newestFirst(this.subject, this.budget.spend)) {
      if (deadline.hasPassed) return false;
      for (const row of page) {
        newest ??= row;
        if (row.timestamp < from) break search;
        if (met.length === maxSearchedRows) {
          this.hasTooManyNewerRows = row.timestamp >= this.arrival.sentAt;
          break search;
        }
        met.push(row);
      }
      if (this.budget.isUsedUp) {
        this.hasTooManyNewerRows = (met.at(-1)?.timestamp ?? 0) >= this.arrival.sentAt;
        break;
      }
    }
    // Not the head again: a copy that came in after the search would not be met.
    const mark = newest === undefined ? await this.deps.history.checkpoint(this.subject) : undefined;
    await this.continueAfter({ row: newest, checkpoint: mark });
    for (const row of met) this.addRow(row);
    this.searchedTo = from;
    return true;
  }

  /** A log that has nothing to continue from starts a new epoch. */
  private async continueAfter(head: Head): Promise<void> {
    const { head: end, lastSequence } = await logEnd(this.deps, this.subject, head);
    // Above everything that was: expired rows are deleted late, and item 0 is only ever raised.
    const position = end ?? { epoch: this.deps.newId(), sequence: lastSequence };
    this.last = { ...position, timestamp: head.row?.timestamp };
  }

  /** MSG-10: along a log timestamps never decrease. */
  private timestampAfter(timestamp: number | undefined): number {
    const { sentAt } = this.arrival;
    return timestamp === undefined || this.isFromWrongClock(timestamp) ? sentAt : Math.max(timestamp, sentAt);
  }

  private isFromWrongClock(timestamp: number): boolean {
    return timestamp - this.arrival.sentAt > maxAheadMs;
  }

  private findCopy({ id, index, isRetry }: FrameKey): MessageFields | undefined {
    let newest: MessageFields | undefined;
    for (const row of this.ownRows.values()) {
      if (row.nonce.startsWith(this.noncePrefixOf(index))) return row;
      if (row.id !== id || !(isRetry || this.isRetrySince(row))) continue;
      if (newest === undefined || row.sequence > newest.sequence) newest = row;
    }
    return newest;
  }

  /** Whether the row is of a retry that was sent after this event, so that the event is the attempt that the retry was about. */
  private isRetrySince({ isRetry, nonce, timestamp }: MessageFields): boolean {
    const { requestId, sentAt } = this.arrival;
    return isRetry && timestamp >= sentAt && !nonce.startsWith(`${requestId}.`);
  }

  private noncePrefixOf(index: number): string {
    return `${this.arrival.requestId}.${String(index)}.`;
  }
}

/** The logs that the messages of one text message go to. */
export class LogTails {
  private readonly tails = new Map<string, LogTail>();
  private readonly budget: SearchBudget;

  constructor(
    private readonly deps: TailDependencies,
    readonly arrival: Arrival,
    work?: WorkBudget,
  ) {
    this.budget = new SearchBudget(work);
  }

  of(subject: string): LogTail {
    const tail = this.tails.get(subject) ?? new LogTail(this.deps, subject, this.arrival, this.budget);
    this.tails.set(subject, tail);
    return tail;
  }
}
