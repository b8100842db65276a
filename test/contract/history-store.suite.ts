/** What every HistoryStore promises, as cases over a factory. */
import type { HistoryStore, LogRow } from '../../lambda/core/ports';
import { collect } from './collect';

const row = (sequence: number, body = `{"content":${String(sequence)}}`): LogRow => ({
  sequence,
  epoch: 'epoch-1',
  nonce: `nonce-${String(sequence)}`,
  id: `id-${String(sequence)}`,
  agentId: 'agent/ä|%2F',
  timestamp: 1_790_000_000_123 + sequence,
  body,
  expiresAt: 1_790_086_400_789,
});

export function historyStoreSuite(create: () => HistoryStore): void {
  let store: HistoryStore;
  let subject: string;
  let counter = 0;

  beforeEach(() => {
    store = create();
    counter += 1;
    subject = `tenant-${String(process.pid)}/channel/c${String(counter)}`;
  });

  test('has no head and no rows to begin with', async () => {
    expect(await store.head(subject)).toEqual({ row: undefined, mark: undefined });
    expect(await store.get(subject, 1)).toBeUndefined();
  });

  test('gives back a row as it was put', async () => {
    expect(await store.tryPut(subject, row(1))).toBe('written');
    expect(await store.get(subject, 1)).toEqual(row(1));
    const { body, ...entry } = row(1);
    expect(body).toBe('{"content":1}');
    expect(await store.head(subject)).toEqual({ row: entry, mark: undefined });
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
}
