/**
 * The readers of one stream: who gets which message, what waits for whom, and up to where everything is handled.
 */
import { Backlog, type BacklogPort } from './backlog';
import type { Cursor, Position } from '../shared/cursor';
import { CursorWriter, type Slot } from './cursor-writer';
import type { Emitter } from '../shared/emitter';
import type { LoggedMessage } from './feed';
import type { Message } from '../shared/messages';
import { type Handler, Reader, type ReaderOptions } from './reader';

/** The stream. */
export interface ReadersPort extends BacklogPort {
  readonly channelId: string;
  readonly isInbox: boolean;
  readonly client: BacklogPort['client'] & { readonly cursor: Cursor; readonly emitter: Emitter };
  /** A reader has room again, or has gone. */
  pump(): void;
  /** More is handled than before. */
  moved(): void;
}

export class Readers {
  readonly #readers = new Set<Reader>();
  readonly #cursorWriter: CursorWriter;
  /**
   * Of the inbox: what comes while there is no reader for it waits for one, and so does what comes too fast. The feed of the
   * inbox never pauses, because requests and replies come through it as well.
   */
  readonly #backlog: Backlog | undefined;
  readonly #stream: ReadersPort;

  constructor(stream: ReadersPort) {
    this.#stream = stream;
    const { channelId, isInbox } = stream;
    const { cursor, emitter } = stream.client;
    this.#cursorWriter = new CursorWriter(
      (position) => cursor.save(channelId, position),
      emitter.report,
      () => {
        stream.moved();
      },
    );
    if (isInbox) this.#backlog = new Backlog(this.#cursorWriter, stream, this);
  }

  get isEmpty(): boolean {
    return this.#readers.size === 0;
  }

  /** Whether the feed has to pause. */
  get isFull(): boolean {
    return !this.#backlog && [...this.#readers].some(isFull);
  }

  /** Whether what waits can be given. */
  get haveRoom(): boolean {
    const queues = [...this.#readers].filter(isQueue);
    return queues.length > 0 && !queues.some(isFull);
  }

  /** Everything up to here is handled; `undefined` before the first message or position. */
  get handled(): Position | undefined {
    return this.#cursorWriter.position;
  }

  add(handler?: Handler, options?: ReaderOptions): Reader {
    const reader = new Reader(this, handler, options);
    this.#readers.add(reader);
    void this.#backlog?.drain();
    return reader;
  }

  remove(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    const unread = reader.end();
    // What the last reader has not read is where the cursor goes on.
    if (this.isEmpty) return;
    for (const message of unread)
      this.#cursorWriter.done(message, this.#backlog && this.#readersOf(message).length === 0);
    this.drained();
  }

  /** Settles when the cursor has saved what is handled. */
  end(error: unknown): Promise<void> {
    this.#backlog?.end();
    for (const reader of this.#readers) reader.end(error);
    this.#readers.clear();
    return this.#cursorWriter.settled;
  }

  /** The next message of the log. */
  deliver(message: LoggedMessage): void {
    const backlog = this.#backlog;
    const takers = this.#readersOf(message);
    const queues = takers.filter(isQueue);
    const isLate =
      takers.length === 0 || (queues.length > 0 && (backlog?.first !== undefined || queues.some(isFull)));
    const waits = backlog !== undefined && isLate;
    // Readers that are concurrent never wait.
    const ready = waits ? takers.filter((reader) => reader.isConcurrent) : takers;
    if (waits) backlog.keep(message, ready.length);
    else this.#cursorWriter.expect(message, ready.length);
    for (const reader of ready) reader.push(message);
  }

  /** A message without a place: nobody waits for it, and a reader that is full does without. */
  deliverEphemeral(message: Message): void {
    for (const reader of this.#readers) if (!reader.isFull) reader.push(message);
  }

  /** Everything up to here has been delivered, or waits for a reader. */
  reached(position: Position): void {
    this.#cursorWriter.reached(position);
  }

  /** A reader is through with the message. */
  done(message: Message): void {
    this.#cursorWriter.done(message);
  }

  /** A reader has room again, or has gone. */
  drained(): void {
    this.#stream.pump();
    void this.#backlog?.drain();
  }

  /** A handler has thrown. */
  failed(error: unknown): void {
    this.#stream.client.emitter.report(error);
  }

  /** Those that work side by side have had it. */
  give(slot: Slot, message: LoggedMessage): void {
    const queues = this.#readersOf(message).filter(isQueue);
    // Before a handler runs: it may add and remove readers.
    slot.waits = false;
    slot.bytes = 0;
    slot.readers += queues.length;
    for (const reader of queues) reader.push(message);
    this.#cursorWriter.clean(slot);
  }

  #readersOf(message: Message): Reader[] {
    return [...this.#readers].filter((reader) => reader.accepts(message));
  }
}

function isFull(reader: Reader): boolean {
  return reader.isFull;
}

/** Whether it gets one message after another. */
function isQueue(reader: Reader): boolean {
  return !reader.isConcurrent;
}
