/** RAT-7: what one text message may cost, over stores that count what their calls would cost in DynamoDB. */
import type { WorkMeter } from '../../lambda/shared/work-meter';
import { MemoryHistoryStore } from '../doubles/memory-history-store';
import { MeteredConnectionStore, MeteredHistoryStore } from '../doubles/metered-stores';
import { createWorld } from './world';

const channels = Array.from({ length: 25 }, (_, n) => `c${String(n)}`);
const names = Array.from({ length: 98 }, (_, n) => `n${String(n)}`);
const content = 'x'.repeat(120_000);
const since = { epoch: 'e', sequence: 1 };

async function createMeteredWorld() {
  const world = createWorld();
  const { work } = world;
  const history = new MeteredHistoryStore(work);
  const deps = { ...world.deps, history, connections: new MeteredConnectionStore(work) };
  const fill = async (channel: string, rows: number, expired = 0): Promise<void> => {
    for (let sequence = 1; sequence <= rows; sequence++)
      await history.tryPut(`t/channel/${channel}`, {
        sequence,
        epoch: 'e',
        nonce: 'n',
        id: `m${String(sequence)}`,
        agentId: 'writer',
        isRetry: false,
        timestamp: world.clock.time,
        expiresAt: world.clock.time + (sequence <= expired ? -1 : 86_400_000),
        body: JSON.stringify({ content }),
      });
  };
  const caller = world.caller('r', { level: 1, channelId: undefined });
  const { connectionId, tenantId, agentId, level, echo, connectedAt, tokenExpiresAt: expiresAt } = caller;
  const row = { connectionId, tenantId, agentId, level, echo, connectedAt, expiresAt, channels: [] };
  await deps.connections.putConnection(row);
  const send = async (message: unknown): Promise<readonly Record<string, unknown>[]> => {
    const before = world.sockets.of('r').length;
    work.reset();
    await world.sendWith(deps, caller, message);
    return world.sockets
      .of('r')
      .slice(before)
      .flatMap((frame) => (Array.isArray(frame) ? (frame as Record<string, unknown>[]) : [frame]));
  };
  return { fill, send, work, history };
}

/** Of reads and writes, and what came out: an array of frames is at most 32 KB, a larger frame costs more. */
function unitsOf(work: WorkMeter, frames: readonly unknown[]): number {
  return (
    work.storeUnits + frames.reduce<number>((sum, frame) => sum + JSON.stringify(frame).length / 32_768, 0)
  );
}

const historyOf = (channel_id: string, n: number) => ({
  type: 'history',
  id: `h${String(n)}`,
  channel_id,
  after: since,
});

test('25 histories of 25 logs with messages of 120 KB: what it cannot pay for is refused, and served alone', async () => {
  const { fill, send, work } = await createMeteredWorld();
  for (const channel of channels) await fill(channel, 12);
  const frames = await send(channels.map(historyOf));
  expect(unitsOf(work, frames)).toBeLessThan(500);

  const answered = new Set(frames.filter(({ type }) => type === 'HISTORY').map((frame) => frame.message_id));
  const refused = frames.filter(({ type }) => type === 'ERROR');
  expect(answered.size + refused.length).toBe(25);
  expect(answered.size).toBeGreaterThan(15);
  expect(refused.length).toBeGreaterThan(0);
  for (const error of refused) expect(error).toMatchObject({ code: 'rate_limited', retry_after_ms: 500 });

  const [again] = await send(historyOf('c24', 24));
  expect(again).toMatchObject({ type: 'HISTORY', message_id: 'h24' });
});

test('a hello with 98 channels whose newest messages have 120 KB is served; what it did not look at says so', async () => {
  const { fill, send, work } = await createMeteredWorld();
  for (const name of names) await fill(name, 3);
  const resume = names.map((channel_id) => ({ channel_id, ...since }));
  const frames = await send({ type: 'hello', id: 'h', resume });
  expect(unitsOf(work, frames)).toBeLessThan(500);

  const welcome = frames.find(({ type }) => type === 'WELCOME') as { channels: readonly unknown[] };
  expect(welcome.channels).toHaveLength(99);
  const ends = frames.filter(({ type }) => type === 'REPLAYED');
  expect(ends.map(({ channel_id }) => channel_id)).toEqual(names);
  const unread = ends.filter(({ complete }) => complete === false);
  expect(unread.length).toBeGreaterThan(50);
  expect(unread.at(-1)).toMatchObject(since);

  const [answer] = await send(historyOf('n97', 1));
  expect((answer?.messages as readonly unknown[]).length).toBeGreaterThan(0);
});

test('the first frame of a text message is served, whatever the others cost', async () => {
  const { fill, send } = await createMeteredWorld();
  for (const name of names) await fill(name, 3);
  const hello = { type: 'hello', id: 'h', resume: names.map((channel_id) => ({ channel_id, ...since })) };
  const frames = await send([hello, ...channels.slice(1).map(historyOf)]);
  expect(frames.filter(({ type }) => type === 'WELCOME')).toHaveLength(1);
  expect(frames.filter(({ type }) => type === 'ERROR')).toHaveLength(24);
});

test('a history that comes upon a long stretch of expired rows ends in it, and goes on behind what it has read', async () => {
  const { fill, send, work } = await createMeteredWorld();
  await fill('old', 200, 199);
  const [page] = await send({ type: 'history', id: 'h', channel_id: 'old', limit: 1_000 });
  expect(work.storeUnits).toBeLessThan(500);
  expect(page).toMatchObject({ messages: [{ sequence: 200 }] });
  const { sequence } = page?.next as { sequence: number };
  expect(sequence).toBeGreaterThan(1);
  expect(sequence).toBeLessThan(150);

  // Where nothing but expired rows is left, too.
  const [empty] = await send({
    type: 'history',
    id: 'h',
    channel_id: 'old',
    before: { epoch: 'e', sequence: 200 },
  });
  expect(work.storeUnits).toBeLessThan(500);
  expect(empty).toMatchObject({ messages: [], next: { sequence: expect.any(Number) as unknown } });
});

describe('a message whose place in the log others take', () => {
  /** `conflicts`: how often others are quicker. */
  async function createContendedWorld(conflicts: number) {
    const world = await createMeteredWorld();
    const { history } = world;
    const put = history.tryPut.bind(history);
    let left = conflicts;
    history.tryPut = async (subject, row) => {
      const other = { ...row, id: 'other', nonce: `other-${String(left)}`, agentId: 'writer', body: '{}' };
      // What they put is not this text message's.
      if (left > 0) await MemoryHistoryStore.prototype.tryPut.call(history, subject, other);
      left -= 1;
      return put(subject, row);
    };
    return world;
  }

  test('is given up before it has cost 500 units, when it is large', async () => {
    const { send, work } = await createContendedWorld(20);
    const frames = await send({ id: 'm', channel_id: 'c', content });
    expect(frames).toMatchObject([{ type: 'ERROR', code: 'unavailable', message_id: 'm' }]);
    expect(unitsOf(work, frames)).toBeLessThan(500);
    expect(unitsOf(work, frames)).toBeGreaterThan(300);
  });

  test('is written in the end, when it is small', async () => {
    const { send } = await createContendedWorld(100);
    const [ack] = await send({ id: 'm', channel_id: 'c', content: 1 });
    expect(ack).toMatchObject({ type: 'ACK', sequence: 101 });
  });
});
