/**
 * Pages that one task puts in and another takes out, in order. `put` waits while the queue is full.
 */
export class PageQueue<T> {
  private readonly pages: (readonly T[])[] = [];
  private items = 0;
  private ending: { readonly reason?: unknown } | undefined;
  private isLeft = false;
  private wakeTaker: (() => void) | undefined;
  private wakePutter: (() => void) | undefined;

  constructor(private readonly maxItems: number) {}

  private get isFull(): boolean {
    return this.items > this.maxItems && !this.isLeft;
  }

  /** For one task at a time. Once nobody takes any more, pages vanish. */
  async put(page: readonly T[]): Promise<void> {
    if (page.length === 0 || this.isLeft) return;
    this.pages.push(page);
    this.items += page.length;
    this.wakeTaker?.();
    while (this.isFull) await new Promise<void>((resolve) => (this.wakePutter = resolve));
  }

  /** With a reason, `take` throws it after the last page. */
  end(failure: { readonly reason?: unknown } = {}): void {
    this.ending = failure;
    this.wakeTaker?.();
  }

  async *read(): AsyncGenerator<readonly T[]> {
    try {
      for (;;) {
        const page = this.pages.shift();
        if (page !== undefined) {
          this.items -= page.length;
          this.wakePutter?.();
          yield page;
        } else if (this.ending === undefined) {
          await new Promise<void>((resolve) => (this.wakeTaker = resolve));
        } else {
          if ('reason' in this.ending) throw this.ending.reason;
          return;
        }
      }
    } finally {
      this.isLeft = true;
      this.wakePutter?.();
    }
  }
}
