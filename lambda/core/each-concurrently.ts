/**
 * Runs work over pages of items with a bounded number in flight. Starts with the first page, without waiting for the next.
 */
export async function eachConcurrently<T>(
  pages: AsyncIterable<readonly T[]>,
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  for await (const page of pages) {
    for (const item of page) {
      const run = work(item).finally(() => running.delete(run));
      running.add(run);
      // A rejection is seen by whoever awaits `run` below; until then it must not count as unhandled.
      run.catch(() => undefined);
      if (running.size >= atOnce) await Promise.race(running);
    }
  }
  await Promise.all(running);
}
