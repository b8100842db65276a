/** What every HistoryStore promises, as cases over a factory. */
import type { HistoryStore, MessageRow, StoredRow } from '../../lambda/shared/stores/history-store';
import { collect } from './collect';

const row = (sequence: number, body = `{"content":${String(sequence)}}`): MessageRow => ({
  sequence,
  epoch: 'epoch-1',
  nonce: `nonce-${String(sequence)}`,
  id: `id-${String(sequence)}`,
  agentId: 'agent/ä|%2F',
  isRetry: sequence % 2 === 0,
  timestamp: 1_790_000_000_123 + sequence,
  body,
  expiresAt: 1_790_086_400_789,
});

/** What a checksum covers, by the names of the stored attributes. */
export type Damage = 'body' | 'compressed body' | 'id' | 'agent' | 'at' | 'epoch' | 'crc';

export interface HistoryStoreUnderTest {
  readonly store: HistoryStore;
  /** Changes what is stored, behind the store's back. */
  readonly damage: (subject: string, sequence: number, what: Damage) => Promise<void>;
}

export function historyStoreSuite(create: () => HistoryStoreUnderTest): void {
  let store: HistoryStore;
  let damage: HistoryStoreUnderTest['damage'];
  let subject: string;
  let counter = 0;

  beforeEach(() => {
    ({ store, damage } = create());
    counter += 1;
    subject = `tenant-${String(process.pid)}/channel/c${String(counter)}`;
  });

  test('has no head and no rows to begin with', async () => {
    expect(await store.head(subject)).toEqual({ row: undefined, checkpoint: undefined });
    expect(await store.get(subject, 1)).toBeUndefined();
  });

  test('gives back a row as it was put', async () => {
    expect(await store.tryPut(subject, row(1))).toBe('written');
    expect(await store.get(subject, 1)).toEqual(row(1));
    const { body, ...entry } = row(1);
    expect(body).toBe('{"content":1}');
    expect(await store.head(subject)).toEqual({ row: entry, checkpoint: undefined });
  });

  test('gives a sequence to one row only', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, n) => store.tryPut(subject, { ...row(1), nonce: String(n) })),
    );
    expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'exists')).toHaveLength(7);
    const winner = outcomes.indexOf('written');
    expect((await store.get(subject, 1))?.nonce).toBe(String(winner));
  });

  test('orders by number, not by text, newest first and complete', async () => {
    for (let sequence = 1; sequence <= 120; sequence++) await store.tryPut(subject, row(sequence));
    expect((await store.head(subject)).row?.sequence).toBe(120);
    const found = await collect(store.newestFirst(subject));
    expect(found.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 120 }, (_, n) => 120 - n));
  });

  test.each([
    ['small', 10],
    ['2 KB', 2_048],
    ['just over 2 KB', 2_049],
    ['128 KB', 131_072],
  ])('keeps a body of %s exactly', async (_, length) => {
    const body = JSON.stringify({ content: 'ä\u0000\ud83d\ude00"\\'.repeat(length).slice(0, length / 2) });
    await store.tryPut(subject, row(1, body));
    expect((await store.get(subject, 1))?.body).toBe(body);
  });

  test('keeps logs apart', async () => {
    await store.tryPut(subject, row(1));
    expect((await store.head(`${subject}x`)).row).toBeUndefined();
  });

  describe('ranges', () => {
    const sequences = async (pages: AsyncIterable<readonly { readonly sequence: number }[]>) =>
      (await collect(pages)).map(({ sequence }) => sequence);
    const upwards = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

    beforeEach(async () => {
      // A busy machine leaves some puts unclear.
      for (const sequence of upwards(1, 120)) {
        while ((await store.tryPut(subject, row(sequence))) === 'unclear');
      }
      await store.raiseCheckpoint(subject, { epoch: 'epoch-1', sequence: 100 }, 1_790_000_000_000);
    });

    test('go upwards from above a sequence, item 0 never among them', async () => {
      expect(await sequences(store.range(subject, { after: 0 }))).toEqual(upwards(1, 120));
      expect(await sequences(store.range(subject, { after: -1 }))).toEqual(upwards(1, 120));
      expect(await sequences(store.range(subject, { after: 7 }))).toEqual(upwards(8, 120));
      expect(await sequences(store.range(subject, { after: 120 }))).toEqual([]);
    });

    test('end with upTo, and are empty when that is not above', async () => {
      expect(await sequences(store.range(subject, { after: 7, upTo: 9 }))).toEqual([8, 9]);
      expect(await sequences(store.range(subject, { after: 7, upTo: 8 }))).toEqual([8]);
      expect(await sequences(store.range(subject, { after: 118, upTo: 500 }))).toEqual([119, 120]);
      expect(await sequences(store.range(subject, { after: 7, upTo: 7 }))).toEqual([]);
      expect(await sequences(store.range(subject, { after: 0, upTo: 0 }))).toEqual([]);
    });

    test('go downwards from the newest or from below a sequence, item 0 never among them', async () => {
      expect(await sequences(store.rangeBack(subject, {}))).toEqual(upwards(1, 120).reverse());
      expect(await sequences(store.rangeBack(subject, { before: 4 }))).toEqual([3, 2, 1]);
      expect(await sequences(store.rangeBack(subject, { before: 2 }))).toEqual([1]);
      expect(await sequences(store.rangeBack(subject, { before: 1 }))).toEqual([]);
      expect(await sequences(store.rangeBack(subject, { before: 0 }))).toEqual([]);
      let readUnits = 0;
      const newestFirst = store.newestFirst(subject, (units) => (readUnits += units));
      expect(await sequences(newestFirst)).toEqual(upwards(1, 120).reverse());
      expect(readUnits).toBeGreaterThan(0);
    });

    test('give whole rows, in pages as they come', async () => {
      const pages: (readonly StoredRow[])[] = [];
      for await (const page of store.range(subject, { after: 0 })) pages.push(page);
      expect(pages.length).toBeGreaterThan(1);
      expect(pages.flat()).toEqual(upwards(1, 120).map((sequence) => row(sequence)));
      const [newest] = await collect(store.rangeBack(subject, {}));
      expect(newest).toEqual(row(120));
    });

    test('leave out what is not there', async () => {
      await store.tryPut(subject, row(130));
      expect(await sequences(store.range(subject, { after: 119 }))).toEqual([120, 130]);
      expect(await sequences(store.range(`${subject}x`, { after: 0 }))).toEqual([]);
      expect(await sequences(store.rangeBack(`${subject}x`, {}))).toEqual([]);
    });
  });

  describe('item 0', () => {
    const at = (sequence: number, epoch = 'e1') => ({ epoch, sequence });
    const soon = 1_790_000_000_000;
    const later = soon + 1;

    test('is not there to begin with, and is given back as it was raised', async () => {
      expect(await store.checkpoint(subject)).toBeUndefined();
      await store.raiseCheckpoint(subject, at(5), soon);
      expect(await store.checkpoint(subject)).toEqual({ ...at(5), expiresAt: soon });
    });

    test('is found by the read of the head when the log has no rows, and is never a row', async () => {
      await store.raiseCheckpoint(subject, at(5), soon);
      const mark = { ...at(5), expiresAt: soon };
      expect(await store.head(subject)).toEqual({ row: undefined, checkpoint: mark });
      expect(await collect(store.newestFirst(subject))).toEqual([]);
      await store.tryPut(subject, row(3));
      expect((await store.head(subject)).row?.sequence).toBe(3);
    });

    test.each([
      ['a higher sequence', at(6), later, true],
      ['a higher sequence that lives less long', at(6), soon - 1, true],
      ['a higher sequence of another epoch', at(6, 'e2'), soon, true],
      ['the same position for longer', at(5), later, true],
      ['the same position', at(5), soon, false],
      ['the same position for less long', at(5), soon - 1, false],
      ['a lower sequence', at(4), later, false],
      ['a lower sequence of another epoch', at(4, 'e2'), later, false],
      ['the same sequence of another epoch', at(5, 'e2'), later, false],
    ])('%s', async (_, position, expiresAt, isTaken) => {
      await store.raiseCheckpoint(subject, at(5), soon);
      await store.raiseCheckpoint(subject, position, expiresAt);
      const before = { ...at(5), expiresAt: soon };
      expect(await store.checkpoint(subject)).toEqual(isTaken ? { ...position, expiresAt } : before);
    });

    test('ends at the highest, in whatever order it is raised', async () => {
      const orders = [4, 9, 1, 7, 9, 3];
      await Promise.all(orders.map((sequence) => store.raiseCheckpoint(subject, at(sequence), soon)));
      expect(await store.checkpoint(subject)).toEqual({ ...at(9), expiresAt: soon });
    });
  });

  describe('a damaged row', () => {
    const long = `{"content":"${'x'.repeat(5_000)}"}`;

    test.each<Damage>(['body', 'compressed body', 'id', 'agent', 'at', 'epoch', 'crc'])(
      'is never data: %s',
      async (what) => {
        await store.tryPut(subject, row(1));
        await store.tryPut(subject, row(2, what === 'compressed body' ? long : undefined));
        await damage(subject, 2, what);

        const found = await store.get(subject, 2);
        expect(found).toMatchObject({ sequence: 2, nonce: 'nonce-2', body: undefined });
        const upwards = await collect(store.range(subject, { after: 0 }));
        expect(upwards.map(({ body }) => body)).toEqual([row(1).body, undefined]);
        const downwards = await collect(store.rangeBack(subject, {}));
        expect(downwards.map(({ body }) => body)).toEqual([undefined, row(1).body]);
        // It still holds its place.
        expect((await store.head(subject)).row?.sequence).toBe(2);
        expect(await store.tryPut(subject, row(2))).toBe('exists');
      },
    );
  });
}
