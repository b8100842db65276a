/** The claim of a sequence, branch by branch. */
import { MemoryHistoryStore } from '../../lambda/adapters/memory-history-store';
import { behind, claim, type Claim } from '../../lambda/core/claim';
import { Deadline } from '../../lambda/core/deadline';
import type { LogRow, PutOutcome } from '../../lambda/core/ports';
import { FakeClock } from './world';

const subject = 't/channel/c';
/** What a reader sees who comes too early. */
const noHead = { row: undefined, mark: undefined };
let clock: FakeClock;
let history: MemoryHistoryStore;
let ids: number;

beforeEach(() => {
  clock = new FakeClock();
  history = new MemoryHistoryStore();
  ids = 0;
});

const wanted = (id: string, agentId = 'a'): Claim => ({
  subject,
  id,
  agentId,
  timestamp: clock.time,
  body: '{}',
  expiresAt: clock.time + 86_400_000,
  isRetry: false,
});

const run = (message: Claim, after?: { epoch: string; sequence: number }) => {
  const deps = { history, clock, newId: () => `new-${String((ids += 1))}` };
  const deadline = new Deadline(clock, clock.time + 4_000);
  return after
    ? claim(deps, message, deadline, () => Promise.resolve(behind(after)))
    : claim(deps, message, deadline);
};

const stored = (sequence: number, more: Partial<LogRow> = {}): LogRow => ({
  ...wanted(`other-${String(sequence)}`, 'other'),
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

test('takes the row of the same agent and id that it meets for the first copy', async () => {
  const first = { id: 'm1', agentId: 'a', timestamp: 5 };
  history.head = () => Promise.resolve(noHead);
  const duplicate = { status: 'duplicate', position: { epoch: 'e', sequence: 1 }, timestamp: 5 };
  await history.tryPut(subject, stored(1, first));
  expect(await run(wanted('m1'))).toEqual(duplicate);
  expect(await run({ ...wanted('m1'), body: '"other words"', isRetry: true })).toEqual(duplicate);
  expect(await run({ ...wanted('m1'), body: '"other words"' })).toMatchObject({ status: 'claimed' });
});

test('goes on from the position that its batch has reached, without reading the head', async () => {
  const head = jest.spyOn(history, 'head');
  await history.tryPut(subject, stored(1));
  expect((await run(wanted('m1'), { epoch: 'e', sequence: 1 }))?.position.sequence).toBe(2);
  expect(head).not.toHaveBeenCalled();
});

test('reads the head again after five conflicts', async () => {
  for (let sequence = 1; sequence <= 20; sequence++) await history.tryPut(subject, stored(sequence));
  const head = jest.spyOn(history, 'head').mockResolvedValueOnce(noHead);
  expect((await run(wanted('m1')))?.position.sequence).toBe(21);
  expect(head).toHaveBeenCalledTimes(2);
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
  history.get = async (key, sequence) => (await turn(), inner.get(key, sequence));
  history.tryPut = async (key, row) => (await turn(), inner.tryPut(key, row));
  const claims = await Promise.all(Array.from({ length: 30 }, (_, n) => run(wanted(`m${String(n)}`))));
  const numbers = claims.map((claimed) => claimed?.position.sequence).sort((a, b) => Number(a) - Number(b));
  expect(numbers).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
  expect(new Set(claims.map((claimed) => claimed?.position.epoch)).size).toBe(1);
});
