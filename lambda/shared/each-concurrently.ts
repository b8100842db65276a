/**
 * Runs work over pages of items with a bounded number in flight. Starts with the first page, without waiting for the next.
 * Ends when all work that was begun has ended, whatever happens to the pages. `work` is not expected to reject; if it
 * does, the rest still runs, and the first reason is thrown in the end.
 */
export async function eachConcurrently<T>(
  pages: AsyncIterable<readonly T[]>,
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let running = 0;
  let failure: { readonly reason: unknown } | undefined;
  let wake: (() => void) | undefined;
  const ended = (): void => {
    running -= 1;
    wake?.();
  };
  const failed = (reason: unknown): void => {
    failure ??= { reason };
    ended();
  };
  // A counter and one waiter: a race over everything in flight costs more than a tenth of a post.
  const untilAtMost = async (most: number): Promise<void> => {
    while (running > most) await new Promise<void>((resolve) => (wake = resolve));
  };
  try {
    for await (const page of pages) {
      for (const item of page) {
        running += 1;
        work(item).then(ended, failed);
        await untilAtMost(concurrency - 1);
      }
    }
  } finally {
    // Also when a later page can't be read: a function that returns is frozen, and its unfinished posts with it.
    await untilAtMost(0);
  }
  if (failure !== undefined) throw failure.reason;
}

/**
 * Calls to a store that one frame may have under way: what waits for a socket or for a slow store would use its own time up
 * before it is sent.
 */
const maxStoreCalls = 20;

/**
 * Results in the order of the items. After a failure no further call is begun: a store that hangs would take a call's time again and
 * again. All that was begun has ended when it rejects with the first reason.
 */
export async function mapStoreCalls<T, R>(items: readonly T[], call: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Map<number, R>();
  let hasFailed = false;
  await eachConcurrently(onePage([...items.entries()]), maxStoreCalls, async ([index, item]) => {
    if (hasFailed) return;
    try {
      results.set(index, await call(item));
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  });
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}

/** The items as a single page. */
export async function* onePage<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield await Promise.resolve(items);
}
