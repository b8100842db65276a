/**
 * The readers of one stream: who gets which message, what waits for whom, and up to where everything is handled.
 */
import { Backlog, type BacklogPort } from './backlog';
import type { CursorWriter, Slot } from './cursor-writer';
import type { Emitter } from '../shared/emitter';
import type { LoggedMessage } from './feed';
import type { Message } from '../shared/messages';
import { type Handler, Reader, type ReaderOptions } from './reader';

/** The stream. */
export interface ReadersPort extends BacklogPort {
  readonly isInbox: boolean;
  readonly writer: CursorWriter;
  readonly client: BacklogPort['client'] & { readonly emitter: Emitter };
  /** A reader has room again, or has gone. */
  pump(): void;
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
    this.#cursorWriter = stream.writer;
    if (stream.isInbox) this.#backlog = new Backlog(this.#cursorWriter, stream, this);
  }

  get isEmpty(): boolean {
    return this.#readers.size === 0;
  }

  /** Whether the feed has to pause. */
  get isFull(): boolean {
    return !this.#backlog && [...this.#readers].some(({ isFull }) => isFull);
  }

  /** Whether what waits can be given. */
  get haveRoom(): boolean {
    const queues = [...this.#readers].filter(isQueue);
    return queues.length > 0 && !queues.some(({ isFull }) => isFull);
  }

  add(handler?: Handler, options?: ReaderOptions): Reader {
    const reader = new Reader(this, handler, options);
    this.#readers.add(reader);
    void this.#backlog?.drain();
    return reader;
  }

  remove(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    this.#end(reader);
    if (!this.isEmpty) this.drained();
  }

  end(error: unknown): void {
    this.#backlog?.end();
    const readers = [...this.#readers];
    this.#readers.clear();
    for (const reader of readers) this.#end(reader, error);
    this.#cursorWriter.rewind();
  }

  /** The next message of the log. */
  deliver(message: LoggedMessage): void {
    const backlog = this.#backlog;
    const takers = this.#readersOf(message);
    const queues = takers.filter(isQueue);
    let ready = takers;
    if (
      backlog &&
      (takers.length === 0 || (queues.length > 0 && (backlog.first ?? queues.some(({ isFull }) => isFull))))
    ) {
      // Readers that are concurrent never wait.
      ready = takers.filter((reader) => reader.isConcurrent);
      backlog.keep(message, ready.length);
    } else this.#cursorWriter.expect(message, ready.length);
    for (const reader of ready) reader.push(message);
  }

  /** A message without a place: nobody waits for it, and a reader that is full does without. */
  deliverEphemeral(message: Message): void {
    for (const reader of this.#readersOf(message)) if (!reader.isFull) reader.push(message);
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

  /** What it has not read waits: for another reader of the inbox, or for the next stream of a channel. */
  #end(reader: Reader, error?: unknown): void {
    for (const message of reader.end(error))
      this.#cursorWriter.done(message, this.#readersOf(message).length === 0);
  }

  #readersOf(message: Message): Reader[] {
    return [...this.#readers].filter((reader) => reader.accepts(message));
  }
}

/** Whether it gets one message after another. */
function isQueue(reader: Reader): boolean {
  return !reader.isConcurrent;
}
