/**
 * Keys of the last minutes. Time is the server's, as it stands in the messages.
 */

export class RecentIds {
  private readonly times = new Map<string, number>();
  private newest = 0;

  constructor(private readonly windowMs: number) {}

  /** Notes the key; tells whether it was noted before within the window. */
  note(key: string, time: number): boolean {
    const { times, windowMs } = this;
    const before = times.get(key) ?? -Infinity;
    this.newest = Math.max(this.newest, time);
    for (const [old, at] of times) {
      if (at >= this.newest - windowMs) break;
      times.delete(old);
    }
    if (Math.abs(time - before) <= windowMs) return true;
    // Taken out first, so that the map stays ordered by time.
    times.delete(key);
    times.set(key, time);
    return false;
  }

  has(key: string): boolean {
    return this.times.has(key);
  }
}
