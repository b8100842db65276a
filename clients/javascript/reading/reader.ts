/**
 * One reader of a channel: a handler that gets one message after another, or an async iterator. Holds a bounded queue
 * and says when it is full, so that a slow reader costs memory only up to a limit.
 */
import type { Message } from '../shared/messages';

/** Called with one message at a time; the next one waits until a returned promise has settled. */
export type Handler<Content = unknown> = (message: Message<Content>) => unknown;

export interface ReaderPort {
  /** The reader is through with the message. */
  done(message: Message): void;
  /** There is room again. */
  drained(): void;
  /** The handler has thrown. */
  failed(error: unknown): void;
}

export interface ReaderOptions {
  /** Which messages of the stream are for it. Default: all. */
  readonly accepts?: ((message: Message) => boolean) | undefined;
  /** Whether the handler gets the next message while it works on one. */
  readonly isConcurrent?: boolean;
}

/** Messages that wait for one reader. */
const fullLength = 1_000;

export class Reader {
  readonly isConcurrent;
  readonly #isWanted;
  #unread: Message[] = [];
  #isRunning = false;
  #isEnded = false;
  #error: unknown;
  #wake: (() => void) | undefined;
  readonly #port: ReaderPort;
  readonly #handler: Handler | undefined;

  constructor(
    port: ReaderPort,
    handler?: Handler,
    { accepts = () => true, isConcurrent = false }: ReaderOptions = {},
  ) {
    this.#port = port;
    this.#handler = handler;
    this.#isWanted = accepts;
    this.isConcurrent = isConcurrent;
  }

  get isFull(): boolean {
    return this.#unread.length >= fullLength;
  }

  accepts(message: Message): boolean {
    return !this.#isEnded && this.#isWanted(message);
  }

  push(message: Message): void {
    if (this.#isEnded) {
      // Another handler of the message has taken it away.
      this.#port.done(message);
      return;
    }
    this.#unread.push(message);
    this.#wake?.();
    if (this.#handler !== undefined && !this.#isRunning) void this.#run(this.#handler);
  }

  /** Nothing more reaches the handler; an iterator ends, with the error if there is one. Gives what was not read. */
  end(error?: unknown): readonly Message[] {
    this.#isEnded = true;
    this.#error = error;
    this.#wake?.();
    return this.#unread.splice(0);
  }

  async *read(): AsyncGenerator<Message, void, undefined> {
    for (;;) {
      const message = this.#take();
      if (message) {
        // A loop that ends here has had the message.
        try {
          yield message;
        } finally {
          this.#port.done(message);
        }
      } else if (this.#isEnded) {
        if (this.#error !== undefined) throw this.#error as Error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  async #run(handler: Handler): Promise<void> {
    this.#isRunning = true;
    for (let message = this.#take(); message !== undefined; message = this.#take()) {
      const work = this.#handle(handler, message);
      if (!this.isConcurrent) await work;
    }
    this.#isRunning = false;
  }

  async #handle(handler: Handler, message: Message): Promise<void> {
    try {
      await handler(message);
    } catch (error) {
      this.#port.failed(error);
    }
    this.#port.done(message);
  }

  #take(): Message | undefined {
    const message = this.#unread.shift();
    if (this.#unread.length === fullLength / 2) this.#port.drained();
    return message;
  }
}
