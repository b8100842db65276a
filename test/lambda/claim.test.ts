/** The claim of a sequence, branch by branch. */
import { MemoryHistoryStore } from '../doubles/memory-history-store';
import { claim, type Claim } from '../../lambda/log/claim';
import { Deadline } from '../../lambda/shared/deadline';
import { LogTail } from '../../lambda/log/log-tail';
import type { MessageRow, PutOutcome } from '../../lambda/shared/stores/history-store';
import { FakeClock } from './world';

const subject = 't/channel/c';
/** What a reader sees who comes too early. */
const noHead = { row: undefined, checkpoint: undefined };
let clock: FakeClock;
let history: MemoryHistoryStore;
let ids: number;

beforeEach(() => {
  clock = new FakeClock();
  history = new MemoryHistoryStore();
  ids = 0;
});

const wanted = (id: string, more: Partial<Claim> = {}): Claim => ({
  id,
  index: 0,
  body: '{}',
  retentionMs: 86_400_000,
  isRetry: false,
  ...more,
});

/** A text message of the agent `a` that reaches the platform now. */
const tail = (): LogTail => {
  const newId = () => `new-${String((ids += 1))}`;
  const requestId = `event-${newId()}`;
  return new LogTail({ history, clock, newId }, subject, { agentId: 'a', requestId, sentAt: clock.time });
};

const run = (message: Claim, own = tail()) =>
  claim({ history, clock }, own, message, new Deadline(clock, clock.time + 4_000));

/** Of another agent, and older than what comes now. */
const stored = (sequence: number, more: Partial<MessageRow> = {}): MessageRow => ({
  id: `other-${String(sequence)}`,
  agentId: 'other',
  isRetry: false,
  timestamp: clock.time - 1_000,
  expiresAt: clock.time + 86_399_000,
  body: '{}',
  sequence,
  epoch: 'e',
  nonce: `nonce-${String(sequence)}`,
  ...more,
});

/** Answers of the store to the next puts; the row goes in or not, whatever is answered. */
function answerPuts(...answers: { goesIn: boolean; says: PutOutcome }[]): void {
  const put = history.tryPut.bind(history);
  history.tryPut = async (key, row) => {
    const answer = answers.shift();
    if (answer === undefined) return put(key, row);
    if (answer.goesIn) await put(key, row);
    return answer.says;
  };
}

const sequences = (): number[] => history.rows(subject).map(({ sequence }) => sequence);

test('starts an empty log at 1 with a new epoch', async () => {
  const first = await run(wanted('m1'));
  expect(first).toMatchObject({ status: 'claimed', position: { sequence: 1 }, timestamp: clock.time });
  const second = await run(wanted('m2'));
  expect(second?.position).toEqual({ epoch: first?.position.epoch, sequence: 2 });
});

test('starts a new epoch behind rows that have expired', async () => {
  await history.tryPut(subject, stored(7, { expiresAt: clock.time }));
  const claimed = await run(wanted('m1'));
  expect(claimed?.position.sequence).toBe(8);
  expect(claimed?.position.epoch).not.toBe('e');
});

test('takes the next sequence, and the epoch, of a row that was quicker', async () => {
  await history.tryPut(subject, stored(1));
  history.head = () => Promise.resolve(noHead);
  expect((await run(wanted('m1')))?.position).toEqual({ epoch: 'e', sequence: 2 });
});

test('knows its own row when the answer to the put was lost', async () => {
  answerPuts({ goesIn: true, says: 'unclear' });
  expect(await run(wanted('m1'))).toMatchObject({ status: 'claimed', position: { sequence: 1 } });
  expect(sequences()).toEqual([1]);
});

test('knows its own row when a repeated put is refused', async () => {
  answerPuts({ goesIn: true, says: 'exists' });
  expect(await run(wanted('m1'))).toMatchObject({ status: 'claimed', position: { sequence: 1 } });
  expect(sequences()).toEqual([1]);
});

test('puts again at the same sequence when an unclear put has not come in', async () => {
  answerPuts({ goesIn: false, says: 'unclear' }, { goesIn: false, says: 'unclear' });
  expect(await run(wanted('m1'))).toMatchObject({ status: 'claimed', position: { sequence: 1 } });
  expect(sequences()).toEqual([1]);
});

test('knows its own row when an unclear put comes in after the look for it', async () => {
  const put = history.tryPut.bind(history);
  let late: MessageRow | undefined;
  history.tryPut = (key, row) => {
    if (late !== undefined) return put(key, row);
    late = row;
    return Promise.resolve('unclear');
  };
  // Between the look and the next try the claim pauses.
  clock.sleep = async () => {
    await put(subject, late!);
  };
  expect(await run(wanted('m1'))).toMatchObject({ status: 'claimed', position: { sequence: 1 } });
  expect(sequences()).toEqual([1]);
});

test('a retry takes the row of the same agent and id that it meets for the first copy, whatever that says', async () => {
  history.head = () => Promise.resolve(noHead);
  // So that nothing is found before the put.
  jest.spyOn(history, 'newestFirst').mockImplementation(async function* () {
    yield await Promise.resolve([]);
  });
  await history.tryPut(subject, stored(1, { id: 'm1', agentId: 'a', timestamp: 5, expiresAt: 6 }));
  expect(await run(wanted('m1', { body: '"other words"', isRetry: true }))).toEqual({
    status: 'duplicate',
    position: { epoch: 'e', sequence: 1 },
    timestamp: 5,
    expiresAt: 6,
  });
  // Without `retry` ids are not compared.
  expect(await run(wanted('m1'))).toMatchObject({ status: 'claimed', position: { sequence: 2 } });
});

test('goes on from the position that its batch has reached, without reading the head', async () => {
  const head = jest.spyOn(history, 'head');
  const batch = tail();
  for (const index of [0, 1, 2])
    expect((await run(wanted(`m${String(index)}`, { index }), batch))?.position.sequence).toBe(index + 1);
  expect(head).toHaveBeenCalledTimes(1);
});

test('goes to the end of the log with its first conflict, meeting every row on the way', async () => {
  for (let sequence = 1; sequence <= 250; sequence++) await history.tryPut(subject, stored(sequence));
  jest.spyOn(history, 'head').mockResolvedValueOnce(noHead);
  const put = jest.spyOn(history, 'tryPut');
  expect((await run(wanted('m1')))?.position).toEqual({ epoch: 'e', sequence: 251 });
  expect(put).toHaveBeenCalledTimes(2);

  // Its own retry, which others have followed.
  const retry = { id: 'm2', agentId: 'a', isRetry: true, timestamp: clock.time };
  await history.tryPut(subject, stored(252, retry));
  for (let sequence = 253; sequence <= 400; sequence++) await history.tryPut(subject, stored(sequence));
  jest.spyOn(history, 'head').mockResolvedValueOnce(noHead);
  expect(await run(wanted('m2'))).toMatchObject({ status: 'duplicate', position: { sequence: 252 } });
});

test('finds its own row where it came in late, behind those who met it', async () => {
  answerPuts({ goesIn: true, says: 'unclear' });
  const range = history.range.bind(history);
  jest.spyOn(history, 'range').mockImplementationOnce(async function* (key, bounds) {
    for (const sequence of [2, 3]) await history.tryPut(key, stored(sequence));
    yield* range(key, bounds);
  });
  expect((await run(wanted('m1')))?.position.sequence).toBe(1);
  expect(sequences()).toEqual([3, 2, 1]);
});

test('passes over a damaged row, which holds its place, and is a first copy for a retry all the same', async () => {
  await history.tryPut(subject, stored(1, { id: 'm1', agentId: 'a' }));
  history.damage(subject, 1);
  const copy = { status: 'duplicate', position: { sequence: 1 } };
  expect(await run(wanted('m1', { isRetry: true }))).toMatchObject(copy);
  history.head = () => Promise.resolve(noHead);
  expect(await run(wanted('m1'))).toMatchObject({ status: 'claimed', position: { epoch: 'e', sequence: 2 } });
});

describe('a crash', () => {
  const crash = new Error('the function has ended');

  test('before the put leaves no hole', async () => {
    await run(wanted('m1'));
    jest.spyOn(history, 'tryPut').mockRejectedValueOnce(crash);
    await expect(run(wanted('m2'))).rejects.toBe(crash);
    expect((await run(wanted('m3')))?.position.sequence).toBe(2);
    expect(sequences()).toEqual([2, 1]);
  });

  test('after the put leaves the message in the log once: a retry finds it', async () => {
    const put = history.tryPut.bind(history);
    jest.spyOn(history, 'tryPut').mockImplementationOnce(async (...input) => {
      await put(...input);
      throw crash;
    });
    await expect(run(wanted('m1'))).rejects.toBe(crash);
    expect((await run(wanted('m2')))?.position.sequence).toBe(2);
    expect(await run(wanted('m1', { isRetry: true }))).toMatchObject({
      status: 'duplicate',
      position: { sequence: 1 },
    });
    expect(sequences()).toEqual([2, 1]);
  });
});

describe('when every row has expired', () => {
  const before = (expiresAt: number) => stored(7, { expiresAt });

  test('goes on behind item 0 while that covers the newest row', async () => {
    await history.tryPut(subject, before(clock.time));
    await history.raiseCheckpoint(subject, { epoch: 'e', sequence: 7 }, clock.time + 1);
    expect((await run(wanted('m1')))?.position).toEqual({ epoch: 'e', sequence: 8 });
  });

  test('goes on behind item 0 also when the rows have been deleted, with one read', async () => {
    await history.raiseCheckpoint(subject, { epoch: 'e', sequence: 7 }, clock.time + 1);
    const mark = jest.spyOn(history, 'checkpoint');
    expect((await run(wanted('m1')))?.position).toEqual({ epoch: 'e', sequence: 8 });
    expect(mark).not.toHaveBeenCalled();
  });

  test('goes on behind item 0 when newer rows were deleted before older ones', async () => {
    await history.tryPut(subject, before(clock.time));
    await history.raiseCheckpoint(subject, { epoch: 'e', sequence: 9 }, clock.time + 1);
    expect((await run(wanted('m1')))?.position).toEqual({ epoch: 'e', sequence: 10 });
  });

  test.each([
    ['has expired as well', 7, 0, 8],
    ['is below the newest row', 6, 1, 8],
    ['has expired, and is above the newest row', 9, 0, 10],
  ])('starts a new epoch, above all that was, when item 0 %s', async (_, sequence, lives, expected) => {
    await history.tryPut(subject, before(clock.time));
    await history.raiseCheckpoint(subject, { epoch: 'e', sequence }, clock.time + lives);
    const claimed = await run(wanted('m1'));
    expect(claimed?.position.sequence).toBe(expected);
    expect(claimed?.position.epoch).not.toBe('e');
  });

  test('lets many at once start one new epoch', async () => {
    await history.tryPut(subject, before(clock.time));
    const claims = await Promise.all(Array.from({ length: 5 }, (_, n) => run(wanted(`m${String(n)}`))));
    expect(new Set(claims.map((claimed) => claimed?.position.epoch)).size).toBe(1);
    expect(sequences()).toEqual([12, 11, 10, 9, 8, 7]);
  });
});

test('gives up after three seconds, leaving no hole', async () => {
  history.tryPut = () => {
    clock.time += 400;
    return Promise.resolve('unclear');
  };
  const startedAt = clock.time;
  expect(await run(wanted('m1'))).toBeUndefined();
  expect(clock.time - startedAt).toBeLessThan(3_500);
});

test('lets many at once have one dense row each', async () => {
  // Each step waits for its turn, so that reads and puts of all of them interleave.
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const inner = new MemoryHistoryStore();
  history.head = async (key) => (await turn(), inner.head(key));
  history.range = async function* (key, bounds) {
    await turn();
    yield* inner.range(key, bounds);
  };
  history.tryPut = async (key, row) => (await turn(), inner.tryPut(key, row));
  const claims = await Promise.all(Array.from({ length: 30 }, (_, n) => run(wanted(`m${String(n)}`))));
  const numbers = claims.map((claimed) => claimed?.position.sequence).sort((a, b) => Number(a) - Number(b));
  expect(numbers).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
  expect(new Set(claims.map((claimed) => claimed?.position.epoch)).size).toBe(1);
});
