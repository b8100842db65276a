/**
 * What the client tells besides messages.
 */
import type { PubSubError } from './errors';
import type { State } from './state';
import type { Gap } from './gap';

export interface PubSubEvents {
  /** The state has changed; with an error when that was not wanted. */
  state: { readonly state: State; readonly error: PubSubError | undefined };
  /** A try to connect has failed, or a connection was lost; the next try comes after the delay. */
  retrying: { readonly attempt: number; readonly delayMs: number; readonly error: PubSubError };
  /** Messages that will not come, and what is known about them. */
  gap: Gap;
  /** A handler or a cursor has thrown, or a subscription was taken away. Without a listener it is thrown. */
  error: unknown;
}

export class Emitter {
  private readonly listeners = new Map<string, Set<(event: never) => void>>();

  /** Returns what takes the listener away again. */
  on<Name extends keyof PubSubEvents>(name: Name, listener: (event: PubSubEvents[Name]) => void): () => void {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set);
    set.add(listener);
    return () => {
      set.delete(listener);
    };
  }

  /** A listener that throws does not keep others from hearing, nor the client from going on. */
  emit<Name extends keyof PubSubEvents>(name: Name, event: PubSubEvents[Name]): void {
    const listeners = [...(this.listeners.get(name) ?? [])] as ((event: PubSubEvents[Name]) => void)[];
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        throwLater(error);
      }
    }
    if (name === 'error' && listeners.length === 0) throwLater(event);
  }
}

/** As an uncaught error of the user's own code, outside of ours. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
