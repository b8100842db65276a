/**
 * Where a reader stands, kept beyond the life of a process if the user wants it so.
 */

/** A place in a channel: everything up to and including it has been seen. */
export interface Position {
  /** Opaque. Sequences of different epochs can't be compared. */
  readonly epoch: string;
  readonly sequence: number;
}

/**
 * Keeps one position per channel (and one for the inbox, named `$inbox`). A position is saved when every handler of the
 * channel is through with its message, so what was being worked on at a crash comes again.
 */
export interface Cursor {
  /**
   * `undefined` when there is no position yet. Whatever it throws, and a value that is no position, means that the position
   * is lost: the channel begins with what is new, after a `gap` with reason `position_lost`. What it throws goes to the
   * `error` event as well, unless its `code` is `position_lost`.
   */
  load(channelId: string): Position | undefined | Promise<Position | undefined>;
  /**
   * Never called twice at once for one channel; positions in between are left out while it runs. When it throws, the `error`
   * event says so once, until a save succeeds again; the next position is tried all the same.
   */
  save(channelId: string, position: Position): void | Promise<void>;
}

/** The default: positions live as long as the client. */
export class MemoryCursor implements Cursor {
  readonly #positions = new Map<string, Position>();

  load(channelId: string): Position | undefined {
    return this.#positions.get(channelId);
  }

  save(channelId: string, position: Position): void {
    this.#positions.set(channelId, position);
  }
}

/** Whether something read from outside is a position, as the service takes it. */
export function isPosition(value: unknown): value is Position {
  const { epoch, sequence } = (value ?? {}) as Partial<Position>;
  // Anything else, the service refuses together with all that is asked beside it.
  return isText(epoch) && Number.isSafeInteger(sequence) && Number(sequence) >= 0;
}

/** No control character and no half surrogate pair. */
export function isText(value: unknown, most = 128): boolean {
  return typeof value === 'string' && value.length <= most && /^[^\p{Cc}\p{Cs}]+$/u.test(value);
}
