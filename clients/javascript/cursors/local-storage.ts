/**
 * Positions in a browser's storage, so that a page goes on where it was after a reload.
 */
import { type Cursor, isPosition, type Position, PubSubError } from '../index';

/** `localStorage`, `sessionStorage`, or anything of their shape. */
export interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem?(key: string): void;
}

/**
 * Two tabs share one storage: give them different prefixes, or `sessionStorage`.
 *
 * A value that is no position is moved to a key that ends in `/damaged`, and the channel gets a gap with reason
 * `position_lost`; so does each channel where the storage is blocked.
 *
 * @example
 * const bus = new PubSub({ url, token, cursor: new LocalStorageCursor() });
 */
export class LocalStorageCursor implements Cursor {
  readonly #prefix: string;
  readonly #storage: StorageLike | undefined;

  /** @param storage - default: `localStorage`, looked up at each use, because a browser that blocks it throws */
  constructor(prefix = 'artcafe', storage?: StorageLike) {
    this.#prefix = prefix;
    this.#storage = storage;
  }

  /** Throws `position_lost` when the value is damaged, or when the storage can't be read. */
  load(channelId: string): Position | undefined {
    const key = this.#keyOf(channelId);
    const text = this.#read(key);
    if (text === null) return undefined;
    const position = positionIn(text);
    if (position !== undefined) return position;
    this.#setAside(key, text);
    throw new PubSubError('position_lost', `${key} in the storage held no position; it is set aside`);
  }

  /** Throws what the storage throws, such as a `QuotaExceededError`; the old position stays then. */
  save(channelId: string, position: Position): void {
    this.#open().setItem(this.#keyOf(channelId), JSON.stringify(position));
  }

  #open(): StorageLike {
    const storage =
      this.#storage ?? (globalThis as { readonly localStorage?: StorageLike | null }).localStorage;
    if (storage) return storage;
    throw new Error('There is no localStorage here: give the cursor a storage, or use another cursor');
  }

  #read(key: string): string | null {
    try {
      return this.#open().getItem(key) ?? null;
    } catch (cause) {
      throw new PubSubError('position_lost', 'The storage can’t be read', { cause });
    }
  }

  #setAside(key: string, text: string): void {
    const storage = this.#open();
    try {
      storage.setItem(`${key}/damaged`, text);
    } catch {
      // A full storage keeps no copy.
    }
    try {
      storage.removeItem?.(key);
    } catch {
      // The next save overwrites it.
    }
  }

  /** Names of channels have no `/`. */
  #keyOf(channelId: string): string {
    return `${this.#prefix}/${channelId}`;
  }
}

function positionIn(text: string): Position | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isPosition(value) ? { epoch: value.epoch, sequence: value.sequence } : undefined;
  } catch {
    return undefined;
  }
}
