/**
 * Keys of the last minutes. Time is the server's, as it stands in the messages.
 */

export class RecentIds {
  private readonly times = new Map<string, number>();
  private newest = 0;

  constructor(private readonly windowMs: number) {}

  /** Notes the key; tells whether it was noted before within the window. */
  note(key: string, time: number): boolean {
    const before = this.times.get(key);
    this.newest = Math.max(this.newest, time);
    this.forget();
    if (before !== undefined && Math.abs(time - before) <= this.windowMs) return true;
    // Taken out first, so that the map stays ordered by time.
    this.times.delete(key);
    this.times.set(key, time);
    return false;
  }

  has(key: string): boolean {
    return this.times.has(key);
  }

  get size(): number {
    return this.times.size;
  }

  private forget(): void {
    for (const [key, time] of this.times) {
      if (time >= this.newest - this.windowMs) return;
      this.times.delete(key);
    }
  }
}
