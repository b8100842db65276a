/** Counts events of the last ten seconds. */
const seconds = 10;

export class RateMeter {
  readonly #counts = new Array<number>(seconds).fill(0);
  #second = 0;

  /** @param now - epoch ms */
  note(now: number): void {
    this.#turn(now);
    const index = this.#second % seconds;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  /** Events a second. */
  rate(now: number): number {
    this.#turn(now);
    return this.#counts.reduce((sum, count) => sum + count, 0) / seconds;
  }

  /** Empties the seconds that have passed. */
  #turn(now: number): void {
    const second = Math.floor(now / 1_000);
    for (let passed = Math.min(seconds, second - this.#second); passed > 0; passed--)
      this.#counts[(second - passed + 1) % seconds] = 0;
    this.#second = second;
  }
}
