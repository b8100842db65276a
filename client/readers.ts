/**
 * The readers of one stream: who gets which message, what waits for whom, and up to where everything is handled.
 */
import { Backlog } from './backlog';
import type { Cursor, Position } from './cursor';
import { CursorWriter } from './cursor-writer';
import type { Emitter } from './emitter';
import type { LoggedMessage, Range } from './feed';
import type { Message } from './messages';
import { type Handler, Reader, type ReaderOptions } from './reader';
import type { HistoryPage } from './replies';
import type { Timers } from './timers';

export interface ReadersPort {
  readonly timers: Timers;
  readonly cursor: Cursor;
  readonly emitter: Emitter;
  readonly history: (channelId: string, after: Position, limit: number) => Promise<HistoryPage>;
  /** The inbox is handled further than before. */
  readonly handled: () => void;
}

export interface ReadersEvents {
  /** A reader has room again, or has gone. */
  readonly drained: () => void;
  /** The log can't give these any more. */
  readonly lost: (range: Range, reason: string) => void;
}

export class Readers {
  private readonly readers = new Set<Reader>();
  private readonly cursorWriter: CursorWriter;
  /**
   * Of the inbox: what comes while there is no reader for it waits for one, and so does what comes too fast. The feed of the
   * inbox never pauses, because requests and replies come through it as well.
   */
  private readonly backlog: Backlog | undefined;

  constructor(
    channelId: string,
    private readonly port: ReadersPort,
    private readonly events: ReadersEvents,
    private readonly isInbox: boolean,
  ) {
    if (isInbox) {
      this.backlog = new Backlog({
        timers: port.timers,
        history: (after, limit) => port.history(channelId, after, limit),
        give: (message) => this.give(message),
        lost: events.lost,
        moved: (isEmpty) => {
          if (isEmpty) for (const reader of this.readers) reader.isBehind = false;
          this.cursorWriter.update();
        },
      });
    }
    this.cursorWriter = new CursorWriter(
      (position) => port.cursor.save(channelId, position),
      port.emitter.report,
      () => this.backlog?.first,
      isInbox ? port.handled : undefined,
    );
  }

  get isEmpty(): boolean {
    return this.readers.size === 0;
  }

  /** Whether the feed has to pause. */
  get isFull(): boolean {
    return !this.isInbox && [...this.readers].some((reader) => reader.isFull);
  }

  /** Everything up to here is handled; `undefined` before the first message or position. */
  get handled(): Position | undefined {
    return this.cursorWriter.position;
  }

  add(handler?: Handler, { accepts = () => true, isConcurrent }: ReaderOptions = {}): Reader {
    const reader = new Reader(
      {
        accepts,
        done: (message) => {
          this.cursorWriter.done(message);
        },
        drained: () => {
          this.events.drained();
          void this.backlog?.drain();
        },
        failed: this.port.emitter.report,
      },
      handler,
      isConcurrent,
    );
    reader.isBehind = !reader.isConcurrent;
    this.readers.add(reader);
    this.backlog?.reclaim();
    return reader;
  }

  remove(reader: Reader): void {
    if (!this.readers.delete(reader)) return;
    const unread = reader.end();
    // What the last reader has not read is where the cursor goes on.
    if (this.isEmpty) return;
    for (const message of unread) {
      if (isLogged(message) && this.readersOf(message).length === 0) this.backlog?.keep(message, false);
      this.cursorWriter.done(message);
    }
    if (![...this.readers].some(({ isBehind }) => isBehind)) this.backlog?.release();
    this.events.drained();
    void this.backlog?.drain();
  }

  /** Settles when the cursor has saved what is handled. */
  end(error: unknown): Promise<void> {
    this.backlog?.end();
    for (const reader of this.readers) reader.end(error);
    this.readers.clear();
    return this.cursorWriter.settled;
  }

  /** The next message of the log. */
  deliver(message: LoggedMessage): void {
    const takers = this.readersOf(message);
    const queues = takers.filter(({ isConcurrent }) => !isConcurrent);
    const isLate = takers.length === 0 || queues.some(({ isFull, isBehind }) => isFull || isBehind);
    if (this.backlog && isLate) {
      for (const reader of queues) reader.isBehind = true;
      this.backlog.keep(message, queues.length > 0);
      // Work that goes on side by side waits for nothing.
      if (takers.length > queues.length)
        this.push(
          message,
          takers.filter(({ isConcurrent }) => isConcurrent),
        );
    } else this.push(message, takers);
  }

  /** A message without a place: nobody waits for it, and a reader that is full does without. */
  deliverEphemeral(message: Message): void {
    for (const reader of this.readers) if (!reader.isFull) reader.push(message);
  }

  /** Everything up to here has been delivered, or waits for a reader. */
  reached(position: Position): void {
    this.cursorWriter.reached(position);
  }

  private give(message: LoggedMessage): 'given' | 'later' | 'nobody' {
    const takers = this.readersOf(message);
    // Those that work side by side have had it.
    const queues = takers.filter(({ isConcurrent }) => !isConcurrent);
    if (queues.some(({ isFull }) => isFull)) return 'later';
    this.push(message, queues);
    return takers.length > 0 ? 'given' : 'nobody';
  }

  private push(message: LoggedMessage, takers: readonly Reader[]): void {
    this.cursorWriter.expect(message, takers.length);
    for (const reader of takers) reader.push(message);
  }

  private readersOf(message: Message): Reader[] {
    return [...this.readers].filter((reader) => reader.accepts(message));
  }
}

export function isLogged(message: Message): message is LoggedMessage {
  return message.sequence !== undefined && message.epoch !== undefined;
}
