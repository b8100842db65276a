/**
 * Keys of the last minutes. Time is the server's, as it stands in the messages.
 */

export class RecentIds {
  readonly #times = new Map<string, number>();
  #newest = 0;
  readonly #windowMs: number;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Notes the key; tells whether it was noted before within the window. */
  note(key: string, time: number): boolean {
    const times = this.#times;
    const windowMs = this.#windowMs;
    const before = times.get(key) ?? -Infinity;
    this.#newest = Math.max(this.#newest, time);
    for (const [old, at] of times) {
      if (at >= this.#newest - windowMs) break;
      times.delete(old);
    }
    if (Math.abs(time - before) <= windowMs) return true;
    // Taken out first, so that the map stays ordered by time.
    times.delete(key);
    times.set(key, time);
    return false;
  }

  has(key: string): boolean {
    return this.#times.has(key);
  }
}
