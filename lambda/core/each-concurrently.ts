/**
 * Runs work over pages of items with a bounded number in flight. Starts with the first page, without waiting for the next.
 * Ends when all work that was begun has ended, whatever happens to the pages. `work` must not reject.
 */
export async function eachConcurrently<T>(
  pages: AsyncIterable<readonly T[]>,
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  try {
    for await (const page of pages) {
      for (const item of page) {
        const run = work(item).finally(() => running.delete(run));
        running.add(run);
        if (running.size >= atOnce) await Promise.race(running);
      }
    }
  } finally {
    // Also when a later page can't be read: a function that returns is frozen, and its unfinished posts with it.
    await Promise.all(running);
  }
}
