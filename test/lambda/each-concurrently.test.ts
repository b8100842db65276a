/** The loop under every fan-out: bounded, streaming, and never gone while something it began still runs. */
import { eachConcurrently, mapStoreCalls } from '../../lambda/shared/each-concurrently';

/** Work that the test ends. */
class Work {
  readonly begun: number[] = [];
  private readonly ends = new Map<number, { resolve: () => void; reject: (reason: Error) => void }>();

  readonly run = (item: number): Promise<void> => {
    this.begun.push(item);
    return new Promise((resolve, reject) => {
      this.ends.set(item, { resolve, reject });
    });
  };

  end(...items: number[]): void {
    for (const item of items) this.ends.get(item)!.resolve();
  }

  fail(item: number, reason: Error): void {
    this.ends.get(item)!.reject(reason);
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('posts of page 1 are under way while page 2 is read', async () => {
  const work = new Work();
  let give: (page: number[]) => void = () => undefined;
  async function* pages() {
    yield [1, 2];
    yield await new Promise<number[]>((resolve) => (give = resolve));
  }
  const all = eachConcurrently(pages(), 10, work.run);
  await settled();
  expect(work.begun).toEqual([1, 2]);
  work.end(1, 2);
  give([3]);
  await settled();
  expect(work.begun).toEqual([1, 2, 3]);
  work.end(3);
  await all;
});

test('keeps the bound, and starts the next as soon as one ends', async () => {
  const work = new Work();
  async function* pages() {
    yield await Promise.resolve([1, 2, 3, 4, 5]);
  }
  const all = eachConcurrently(pages(), 2, work.run);
  await settled();
  expect(work.begun).toEqual([1, 2]);
  work.end(2);
  await settled();
  expect(work.begun).toEqual([1, 2, 3]);
  work.end(1, 3);
  await settled();
  expect(work.begun).toEqual([1, 2, 3, 4, 5]);
  work.end(4, 5);
  await all;
});

test.each(['a page', 'an item'])(
  'waits for what it has begun when %s fails, and throws that',
  async (what) => {
    const work = new Work();
    const reason = new Error(what);
    async function* pages() {
      yield await Promise.resolve([1, 2]);
      if (what === 'a page') throw reason;
    }
    let thrown: unknown;
    const all = eachConcurrently(pages(), 10, work.run).catch((error: unknown) => (thrown = error));
    await settled();
    work.end(1);
    await settled();
    expect(thrown).toBeUndefined();
    if (what === 'an item') work.fail(2, reason);
    else work.end(2);
    await all;
    expect(thrown).toBe(reason);
  },
);

test('calls to a store give their results in order, and a failure lets no further one begin', async () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  expect(await mapStoreCalls(items, (item) => Promise.resolve(item * 2))).toEqual(
    items.map((item) => item * 2),
  );
  const begun: number[] = [];
  const hang = mapStoreCalls(items, async (item) => {
    begun.push(item);
    await settled();
    throw new Error(`down at ${item}`);
  });
  await expect(hang).rejects.toThrow('down at 0');
  expect(begun).toEqual(items.slice(0, 20));
});
