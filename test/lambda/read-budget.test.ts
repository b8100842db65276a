/** SUB-6: what the replays and histories of one text message read and send together, however many frames ask for them. */
import type { MessageRow } from '../../lambda/shared/stores/history-store';
import { createWorld } from './world';

let world: ReturnType<typeof createWorld>;
beforeEach(() => {
  world = createWorld();
});

const channels = Array.from({ length: 25 }, (_, n) => `c${String(n)}`);
const content = 'x'.repeat(20_000);
const mebibyte = 1_048_576;
/** What comes on top: the last message, and the envelopes. */
const overshoot = 100_000;

async function fill(subject: string, count: number): Promise<void> {
  for (let sequence = 1; sequence <= count; sequence++) {
    const row: MessageRow = {
      sequence,
      epoch: 'e',
      nonce: `n${String(sequence)}`,
      id: `m${String(sequence)}`,
      agentId: 'writer',
      isRetry: false,
      timestamp: world.clock.time,
      expiresAt: world.clock.time + 86_400_000,
      body: JSON.stringify({ content }),
    };
    await world.history.tryPut(subject, row);
  }
}

function framesOf(connectionId: string): Record<string, unknown>[] {
  // Several frames come as one text.
  return world.sockets
    .of(connectionId)
    .flatMap((frame) => (Array.isArray(frame) ? (frame as Record<string, unknown>[]) : [frame]));
}

function sentBytes(connectionId: string): number {
  return world.sockets.of(connectionId).reduce((sum, frame) => sum + JSON.stringify(frame).length, 0);
}

async function openReader() {
  for (const channel of channels) await fill(`t/channel/${channel}`, 30);
  return world.open('r', { level: 1, channelId: undefined });
}

test('25 subscribes with `since` send 1 MB, one replay after another, and the others say that they are not complete', async () => {
  const reader = await openReader();
  const since = { epoch: 'e', sequence: 0 };
  await world.send(
    reader,
    channels.map((channel_id, n) => ({ type: 'subscribe', id: `s${String(n)}`, channel_id, since })),
  );
  const replayed = framesOf('r').filter(({ type }) => type === 'REPLAYED');
  expect(replayed.map(({ channel_id }) => channel_id)).toEqual(channels);
  const complete = replayed.filter((frame) => frame.complete === true).map(({ channel_id }) => channel_id);
  expect(complete).toEqual(['c0']);
  expect(replayed.at(-1)).toMatchObject({ sequence: 0, complete: false });
  expect(sentBytes('r')).toBeGreaterThan(mebibyte / 2);
  expect(sentBytes('r')).toBeLessThan(mebibyte + overshoot);
});

test('a hello with 25 channels the same', async () => {
  const reader = await openReader();
  const resume = channels.map((channel_id) => ({ channel_id, epoch: 'e', sequence: 0 }));
  await world.send(reader, { type: 'hello', id: 'h', resume });
  expect(sentBytes('r')).toBeLessThan(mebibyte + overshoot);
  expect(framesOf('r').filter(({ type }) => type === 'REPLAYED')).toHaveLength(25);
});

test('25 histories share 1 MB, and each gives a message all the same', async () => {
  const reader = await openReader();
  const range = jest.spyOn(world.history, 'rangeBack');
  await world.send(
    reader,
    channels.map((channel_id, n) => ({ type: 'history', id: `h${String(n)}`, channel_id, limit: 100 })),
  );
  const counts = channels.map(
    (channel) =>
      framesOf('r')
        .filter(({ type, channel_id }) => type === 'HISTORY' && channel_id === channel)
        .flatMap(({ messages }) => messages as unknown[]).length,
  );
  expect(counts.slice(0, 2)).toEqual([30, 23]);
  expect(new Set(counts.slice(2))).toEqual(new Set([1]));
  expect(framesOf('r').at(-1)).toHaveProperty('next');
  // Nor is more read than is given.
  expect(range.mock.calls.slice(2).map(([, { firstRows }]) => firstRows)).toEqual(Array(23).fill(1));
  expect(sentBytes('r')).toBeLessThan(mebibyte + 23 * content.length + overshoot);
});

test('an inbox is replayed within the same 1 MB, and the mark stays for the rest', async () => {
  await fill('t/inbox/agent-of-r', 90);
  const reader = await world.open('r', { level: 1, channelId: undefined });
  await world.agents.recordMissed(
    { tenantId: 't', agentId: reader.agentId, sequence: 1, expiresAt: world.clock.time + 86_400_000 },
    undefined,
  );
  await world.send(reader, { type: 'hello', id: 'h' });
  const messages = framesOf('r').filter(({ type }) => type === 'message').length;
  expect(messages).toBeGreaterThan(40);
  expect(messages).toBeLessThan(60);
  expect(framesOf('r').at(-1)).toMatchObject({
    type: 'REPLAYED',
    complete: false,
    sequence: messages,
  });
  expect((await world.agents.getAgent('t', reader.agentId)).inboxMark?.from).toBe(messages + 1);
});

test('BAT-5 a text message has one hello, and its pings name 20 channels together', async () => {
  const reader = await openReader();
  const named = (count: number) => channels.slice(0, count).map((channel_id) => ({ channel_id }));
  await world.send(reader, [
    { type: 'hello', id: 'h1' },
    { type: 'ping', id: 'p1', channels: named(15) },
    { type: 'hello', id: 'h2', resume: named(20) },
    { type: 'ping', id: 'p2', channels: named(6) },
    { type: 'ping', id: 'p3', channels: named(5) },
    { type: 'ping', id: 'p4' },
  ]);
  const answers = framesOf('r').map(({ type, message_id, code }) => [message_id, code ?? type]);
  expect(answers).toEqual([
    ['h1', 'WELCOME'],
    ['p1', 'PONG'],
    ['h2', 'limit_exceeded'],
    ['p2', 'limit_exceeded'],
    ['p3', 'PONG'],
    ['p4', 'PONG'],
  ]);
  await world.send(reader, { type: 'hello', id: 'h3' });
  expect(framesOf('r').at(-1)).toMatchObject({ type: 'WELCOME', message_id: 'h3' });
});
