/**
 * What the client tells besides messages.
 */
import { attempt, need } from './checks';
import type { PubSubError } from './errors';
import type { State } from './state';
import { type Gap, requestExpired } from './gap';

export interface PubSubEvents {
  /** The state has changed; with an error when that was not wanted. */
  state: { readonly state: State; readonly error: PubSubError | undefined };
  /**
   * A try to connect has failed, or a connection was lost; the next try comes after the delay. Without a listener the first
   * one is a line of `console.warn`.
   */
  retrying: { readonly attempt: number; readonly delayMs: number; readonly error: PubSubError };
  /** Messages that will not come, and what is known about them. */
  gap: Gap;
  /** A handler, a listener or a cursor has thrown, or a subscription was taken away. Without a listener it is printed with `console.error`. */
  error: unknown;
}

export class Emitter {
  #hasWarned = false;
  readonly #listeners = new Set<{
    readonly to: string;
    readonly listener: (event: never) => unknown;
  }>();

  /** Returns what takes the listener away again. */
  on<Name extends keyof PubSubEvents>(name: Name, listener: (event: PubSubEvents[Name]) => void): () => void {
    need('callback', { listener });
    const entry = { to: name, listener };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  /** A listener that throws or rejects does not keep others from hearing, nor the client from going on. */
  emit<Name extends keyof PubSubEvents>(name: Name, event: PubSubEvents[Name]): void {
    const listeners = [...this.#listeners].filter(({ to }) => to === name);
    // A listener of `error` that fails must not be told of its own failure.
    const failed = name === 'error' ? print : this.report;
    for (const { listener } of listeners) guard(() => listener(event as never), failed);
    if (listeners.length > 0) return;
    if (name === 'error') print(event);
    if (name === 'retrying') this.#warn(event as PubSubEvents['retrying']);
  }

  /** Once: a client that waits for ever in silence is a riddle. */
  #warn({ error, delayMs }: PubSubEvents['retrying']): void {
    // A drop alone is nothing unusual.
    if (this.#hasWarned || error.code === 'connection_lost') return;
    this.#hasWarned = true;
    const line = error.message.replace(/\s+/g, ' ');
    guard(() => {
      console.warn(`[@artcafe/pubsub] ${line}; trying again in ${Math.ceil(delayMs)} ms`);
    }, this.report);
  }

  gap(channelId: string, reason: string, { from, to, after, head }: Partial<Gap>): void {
    if (reason !== requestExpired) this.emit('gap', { channelId, reason, from, to, after, head });
  }

  /** What the user's own code has thrown. Never throws. */
  readonly report = (error: unknown): void => {
    this.emit('error', error);
  };
}

/** Calls the user's function. What it throws, or rejects with later, is reported and goes no further. */
export function guard(call: () => unknown, failed: (error: unknown) => void): void {
  void (async () => {
    try {
      await call();
    } catch (error) {
      failed(error);
    }
  })();
}

/** Some values can't be shown: a getter or a Proxy may throw. Some consoles throw always, and there is nowhere else to say it. */
function print(error: unknown): void {
  attempt(() => {
    try {
      console.error('[@artcafe/pubsub]', error);
    } catch {
      console.error('[@artcafe/pubsub] unknown error');
    }
  });
}
