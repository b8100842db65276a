/**
 * One message at a time, for a caller that asks now and then. A message that was taken counts as handled when the next one is
 * asked for: what a process had taken when it ended comes again.
 */
import type { Message } from '@artcafe/pubsub';

/** The inbox or a channel. */
export interface Source {
  messages(): AsyncGenerator<Message, void, undefined>;
}

export class Mailbox {
  readonly #messages: AsyncGenerator<Message, void, undefined>;
  #next: Promise<IteratorResult<Message, void>>;
  #isTaken = false;

  /** Reads from now on, so that nothing is missed before the first call. */
  constructor(source: Source) {
    this.#messages = source.messages();
    this.#next = this.#read();
  }

  /** The next message; `undefined` when none comes in time. It stays the next one when the caller gives up. */
  async take(timeoutMs: number, signal?: AbortSignal): Promise<Message | undefined> {
    if (this.#isTaken) {
      this.#isTaken = false;
      this.#next = this.#read();
    }
    const outcome = await within(this.#next, timeoutMs, signal);
    if (outcome === undefined || outcome.done === true) return undefined;
    this.#isTaken = true;
    return outcome.value;
  }

  #read(): Promise<IteratorResult<Message, void>> {
    const next = this.#messages.next();
    // Nobody may be waiting when it fails; the next call meets the error.
    next.catch(() => undefined);
    return next;
  }
}

function within<Value>(
  value: Promise<Value>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      resolve(undefined);
    };
    const timer = setTimeout(giveUp, timeoutMs);
    signal?.addEventListener('abort', giveUp, { once: true });
    value.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    });
  });
}
