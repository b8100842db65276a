/**
 * Positions in a browser's storage, so that a page goes on where it was after a reload.
 */
import { type Cursor, isPosition, type Position } from '../index';

/** `localStorage`, `sessionStorage`, or anything of their shape. */
export interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/**
 * Two tabs share one storage: give them different prefixes, or `sessionStorage`.
 *
 * @example
 * const bus = new PubSub({ url, token, cursor: new LocalStorageCursor() });
 */
export class LocalStorageCursor implements Cursor {
  constructor(
    private readonly prefix = 'artcafe',
    private readonly storage: StorageLike = (globalThis as unknown as { localStorage: StorageLike })
      .localStorage,
  ) {}

  load(channelId: string): Position | undefined {
    const text = this.storage.getItem(this.keyOf(channelId));
    const value: unknown = text === null ? undefined : JSON.parse(text);
    return isPosition(value) ? value : undefined;
  }

  save(channelId: string, position: Position): void {
    this.storage.setItem(this.keyOf(channelId), JSON.stringify(position));
  }

  private keyOf(channelId: string): string {
    return `${this.prefix}/${channelId}`;
  }
}
