/** Where a log ends, how it is kept alive, whether a client can go on from where it was, and what is missing. */
import { MemoryHistoryStore } from '../doubles/memory-history-store';
import { emptyPosition, isSamePosition } from '../../lambda/log/empty-position';
import { gapsIn } from '../../lambda/log/gaps';
import { headOf } from '../../lambda/log/head';
import { endOf } from '../../lambda/log/log-end';
import type { MessageRow, StoredRow } from '../../lambda/shared/stores/history-store';
import { recover, verdictByEnd, verdictByNext } from '../../lambda/log/recover';
import { FakeClock, FakeLog } from './world';

const subject = 't/channel/c';
const hour = 3_600_000;
const day = 24 * hour;
let deps: { history: MemoryHistoryStore; clock: FakeClock; log: FakeLog; retentionMs: number };
let start: number;

beforeEach(() => {
  deps = { history: new MemoryHistoryStore(), clock: new FakeClock(), log: new FakeLog(), retentionMs: day };
  start = deps.clock.time;
});

const row = (sequence: number, expiresAt: number, epoch = 'e'): MessageRow => ({
  sequence,
  epoch,
  nonce: `nonce-${String(sequence)}`,
  id: `id-${String(sequence)}`,
  agentId: 'a',
  isRetry: false,
  timestamp: expiresAt - day,
  body: '{}',
  expiresAt,
});

/** Rows that were accepted now. */
const write = async (...sequences: number[]) => {
  for (const sequence of sequences) {
    await deps.history.tryPut(subject, row(sequence, deps.clock.time + day));
  }
};
const readHead = () => headOf(deps, subject);
const from = (sequence: number, epoch = 'e') => recover(deps, subject, { epoch, sequence });

describe('the end of a log', () => {
  const now = 1_000;
  const mark = (sequence: number, expiresAt: number) => ({ epoch: 'e', sequence, expiresAt });

  test.each([
    ['nothing', undefined, undefined, undefined, 0],
    ['a live row', row(7, now + 1), undefined, 7, 7],
    ['a row that expires now', row(7, now), undefined, undefined, 7],
    ['a live item 0', undefined, mark(7, now + 1), 7, 7],
    ['an item 0 that expires now', undefined, mark(7, now), undefined, 7],
    ['an expired row and a live item 0 at it', row(7, now), mark(7, now + 1), 7, 7],
    ['an expired row and a live item 0 above it', row(7, now), mark(9, now + 1), 9, 9],
    ['an expired row and a live item 0 below it', row(7, now), mark(5, now + 1), undefined, 7],
    ['an expired row and an expired item 0 above it', row(7, now), mark(9, now), undefined, 9],
  ])('%s', (_, newest, item, head, lastSequence) => {
    const end = endOf(newest, item, now);
    expect(end.head?.sequence).toBe(head);
    expect(end.lastSequence).toBe(lastSequence);
  });
});

describe('item 0', () => {
  test('is not raised while the newest row is younger than half the retention, and costs no read', async () => {
    const mark = jest.spyOn(deps.history, 'checkpoint');
    await write(1);
    deps.clock.time += day / 2 - 1;
    expect(await readHead()).toEqual({ epoch: 'e', sequence: 1 });
    expect(mark).not.toHaveBeenCalled();
    expect(await deps.history.checkpoint(subject)).toBeUndefined();
  });

  test('is raised by the first reader that meets an older one, and not again by the next', async () => {
    const raise = jest.spyOn(deps.history, 'raiseCheckpoint');
    await write(1, 2);
    deps.clock.time += day / 2;
    await readHead();
    await readHead();
    await from(1);
    expect(raise).toHaveBeenCalledTimes(1);
    expect(await deps.history.checkpoint(subject)).toEqual({
      epoch: 'e',
      sequence: 2,
      expiresAt: start + 1.5 * day,
    });
  });

  test('keeps a quiet log at its position for as long as somebody looks once in half the retention', async () => {
    await write(1, 2);
    for (let days = 0; days < 10; days++) {
      deps.clock.time += day / 2 - 1;
      expect(await from(2)).toEqual({ head: { epoch: 'e', sequence: 2 }, recovered: true, after: 2 });
      if (days === 4) for (const sequence of [2, 1]) deps.history.delete(subject, sequence);
    }
  });

  test('lets a log that nobody looked at end', async () => {
    await write(1, 2);
    deps.clock.time += day;
    expect(await readHead()).toEqual({ epoch: `empty-${String(deps.clock.time)}`, sequence: 0 });
  });

  test('does not bring back what has ended', async () => {
    await write(1, 2);
    deps.clock.time += day / 2;
    await readHead();
    deps.clock.time += day;
    expect((await readHead()).sequence).toBe(0);
    expect(await from(2)).toMatchObject({ recovered: false, reason: 'expired' });
  });

  test('is raised to the new epoch', async () => {
    await deps.history.raiseCheckpoint(subject, { epoch: 'old', sequence: 6 }, start + day);
    await write(7);
    deps.clock.time += day / 2;
    await readHead();
    expect(await deps.history.checkpoint(subject)).toMatchObject({ epoch: 'e', sequence: 7 });
  });

  test('that can’t be raised is a line in the log, not a failure', async () => {
    await write(1);
    deps.clock.time += day / 2;
    deps.history.raiseCheckpoint = () => Promise.reject(new TypeError('secret'));
    expect(await readHead()).toEqual({ epoch: 'e', sequence: 1 });
    expect(deps.log.lines).toEqual([{ event: 'mark_not_raised', fields: { error: 'TypeError' } }]);
  });
});

describe('whether a position can be continued from, by the end of the log', () => {
  const now = 10 * day;
  const end = (sequence: number, epoch = 'e') => endOf(row(sequence, now + 1, epoch), undefined, now);
  const nothing = endOf(undefined, undefined, now);
  const ended = endOf(row(7, now), undefined, now);
  const empty = (age: number) => emptyPosition(now - age);

  test.each([
    ['the head', { epoch: 'e', sequence: 7 }, end(7), 'recovered'],
    ['below the head', { epoch: 'e', sequence: 6 }, end(7), 'look-at-next'],
    ['before the first', { epoch: 'e', sequence: 0 }, end(7), 'look-at-next'],
    ['above the head', { epoch: 'e', sequence: 8 }, end(7), 'ahead'],
    ['another epoch', { epoch: 'other', sequence: 7 }, end(7), 'epoch_changed'],
    ['another epoch, above the head', { epoch: 'other', sequence: 8 }, end(7), 'epoch_changed'],
    ['the last of a log that has ended', { epoch: 'e', sequence: 7 }, ended, 'expired'],
    [
      'another epoch than that of a log that has ended',
      { epoch: 'other', sequence: 7 },
      ended,
      'epoch_changed',
    ],
    ['a log of which nothing is known', { epoch: 'e', sequence: 7 }, nothing, 'epoch_changed'],
    ['empty, and still is', empty(hour), nothing, 'recovered'],
    ['empty, and was written to', empty(hour), end(7), 'look-for-oldest'],
    ['empty, as of nearly the retention ago', empty(day - 10 * 60_000 - 1), end(7), 'look-for-oldest'],
    ['empty, too long ago', empty(day - 10 * 60_000), end(7), 'expired'],
    ['empty, too long ago, and still is', empty(day), nothing, 'expired'],
    ['empty, with a sequence', { ...empty(hour), sequence: 1 }, end(7), 'ahead'],
    ['nearly an empty position', { epoch: 'empty-x', sequence: 0 }, end(7), 'epoch_changed'],
  ])('%s', (_, cursor, logEnd, verdict) => {
    expect(verdictByEnd(cursor, logEnd, now, day)).toBe(verdict);
  });

  test.each([
    ['alive', row(7, now + 1), 'recovered'],
    ['expired', row(7, now), 'expired'],
    ['gone', undefined, 'expired'],
    ['of another epoch', row(7, now + 1, 'other'), 'epoch_changed'],
  ])('by the next row: %s', (_, next, verdict) => {
    expect(verdictByNext({ epoch: 'e', sequence: 6 }, next, now)).toBe(verdict);
  });
});

describe('a resume', () => {
  test('begins after the position', async () => {
    await write(1, 2, 3);
    const head = { epoch: 'e', sequence: 3 };
    expect(await from(1)).toEqual({ head, recovered: true, after: 1 });
    expect(await from(0)).toEqual({ head, recovered: true, after: 0 });
    expect(await from(4)).toEqual({ head, recovered: false, reason: 'ahead', after: 3 });
  });

  test('is refused when the next row has expired or is gone, though later ones are there', async () => {
    await write(1, 2);
    deps.clock.time += day - 1;
    await write(3);
    deps.clock.time += 1;
    expect(await from(1)).toMatchObject({ recovered: false, reason: 'expired', after: 3 });
    expect(await from(2)).toMatchObject({ recovered: true, after: 2 });
    deps.history.delete(subject, 2);
    expect(await from(1)).toMatchObject({ recovered: false, reason: 'expired' });
  });

  test('is refused without a log, and reads nothing', async () => {
    await write(1);
    const head = jest.spyOn(deps.history, 'head');
    const refused = await recover({ ...deps, retentionMs: 0 }, subject, { epoch: 'e', sequence: 1 });
    expect(refused).toEqual({ head: emptyPosition(start), recovered: false, reason: 'no_log', after: 0 });
    expect(head).not.toHaveBeenCalled();
  });

  test('of an empty log gives everything that was written since', async () => {
    const cursor = await readHead();
    expect(await recover(deps, subject, cursor)).toMatchObject({ recovered: true, after: 0 });
    await write(1, 2);
    expect(await recover(deps, subject, cursor)).toEqual({
      head: { epoch: 'e', sequence: 2 },
      recovered: true,
      after: 0,
    });
  });

  test.each([1, 2, 9, 100])('of a log that was empty finds the oldest of %i live rows', async (alive) => {
    for (let sequence = 1; sequence <= 37; sequence++) {
      await deps.history.tryPut(subject, row(sequence, start, 'old'));
    }
    for (const sequence of [1, 12, 13]) deps.history.delete(subject, sequence);
    const cursor = await readHead();
    expect(cursor.sequence).toBe(0);
    await write(...Array.from({ length: alive }, (_, n) => 38 + n));
    expect(await recover(deps, subject, cursor)).toMatchObject({ recovered: true, after: 37 });
  });
});

describe('the position of an empty log', () => {
  test('is renewed once in a while, and never the same as a position in a log', () => {
    const position = emptyPosition(start);
    expect(isSamePosition(emptyPosition(start + 60_000), position)).toBe(true);
    expect(isSamePosition(emptyPosition(start + 20 * 60_000), position)).toBe(false);
    expect(isSamePosition({ epoch: 'e', sequence: 0 }, position)).toBe(false);
  });

  test('does not disturb how others are compared', () => {
    const position = { epoch: 'e', sequence: 3 };
    expect(isSamePosition({ ...position }, position)).toBe(true);
    expect(isSamePosition({ ...position, sequence: 4 }, position)).toBe(false);
    expect(isSamePosition({ ...position, epoch: 'f' }, position)).toBe(false);
  });
});

describe('gaps', () => {
  const now = 1_000;
  const live = (sequence: number): StoredRow => row(sequence, now + 1);
  const expired = (sequence: number): StoredRow => row(sequence, now);
  const damaged = (sequence: number): StoredRow => ({ ...live(sequence), body: undefined });
  const asked = (sequence: number, expires: number): StoredRow => ({
    ...live(sequence),
    body: `{"expires_at":${expires},"type":"message"}`,
  });
  const gap = (start: number, to: number, reason: string) => ({ from: start, to, reason });

  test.each([
    ['none', 4, [live(5), live(6)], undefined, []],
    ['nothing at all', 4, [], undefined, []],
    ['missing before the first', 4, [live(7)], undefined, [gap(5, 6, 'expired')]],
    ['missing in between', 4, [live(5), live(8)], undefined, [gap(6, 7, 'expired')]],
    ['missing at the end', 4, [live(5)], 7, [gap(6, 7, 'expired')]],
    ['all missing', 4, [], 7, [gap(5, 7, 'expired')]],
    ['complete to the end', 4, [live(5)], 5, []],
    ['expired', 4, [expired(5), live(6)], undefined, [gap(5, 5, 'expired')]],
    ['missing, then expired', 4, [expired(7), live(8)], undefined, [gap(5, 7, 'expired')]],
    ['damaged', 4, [live(5), damaged(6), live(7)], undefined, [gap(6, 6, 'damaged')]],
    ['damaged and expired', 4, [{ ...expired(5), body: undefined }], undefined, [gap(5, 5, 'expired')]],
    [
      'a request that has expired',
      4,
      [asked(5, now), asked(6, now + 1)],
      undefined,
      [gap(5, 5, 'request_expired')],
    ],
    ['neighbours', 4, [damaged(5), damaged(6), expired(7)], 8, [gap(5, 6, 'damaged'), gap(7, 8, 'expired')]],
  ])('%s', (_, after, rows, upTo, gaps) => {
    expect(gapsIn(after, rows, now, upTo)).toEqual(gaps);
  });
});
