/** Conformance: many channels on one connection, and what a subscription promises (docs/protocol.md, Level 1). */
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
import { type Frame, isMessage, type TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';

// One agent fills a log of a thousand messages.
const bus = useBus({ settings: { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } } });
beforeAll(() => warmUp(bus));
let tenant: string;

beforeEach(() => {
  tenant = fresh('tenant');
});

const connect = (agent: string, asking: object = {}): Promise<TestClient> =>
  bus.connect({ tenant, agent }, { level: 1, ...asking });
const publish = async (client: TestClient, channel_id: string, ids: readonly string[]): Promise<Frame[]> => {
  const acks: Frame[] = [];
  for (const id of ids) acks.push(await client.request({ id, channel_id, content: id }));
  return acks;
};
const positionOf = ({ epoch, sequence }: Frame) => ({ epoch, sequence });
const numbered = (n: number, from = 1): string[] => Array.from({ length: n }, (_, i) => `m${i + from}`);
const messagesOf = (client: TestClient): Frame[] => client.received.filter(isMessage);

test('SUB-1 names the head, and everything above it comes live', async () => {
  const [reader, writer] = [await connect('r'), await connect('w')];
  await publish(writer, 'news', ['m1', 'm2']);

  const subscribed = await reader.request({ type: 'subscribe', channel_id: 'news' });
  const [ack] = await publish(writer, 'news', ['m3']);
  const live = await reader.nextMessage();

  expect(subscribed).toMatchObject({ type: 'SUBSCRIBED', channel_id: 'news', sequence: 2 });
  expect(live).toMatchObject({ id: 'm3', channel_id: 'news', sequence: 3, epoch: subscribed.epoch });
  expect(positionOf(live)).toEqual(positionOf(ack!));
  expect(messagesOf(reader).map(({ id }) => id)).toEqual(['m3']);
});

test('SUB-1 a message that was published just before may come live at or below the head', async () => {
  const client = await connect('a');
  client.send([
    { id: 'm1', channel_id: 'news', content: 1 },
    { type: 'subscribe', id: 's', channel_id: 'news' },
  ]);
  expect(await client.reply('s')).toMatchObject({ type: 'SUBSCRIBED', sequence: 1 });
  const live = await client.nextMessage({ id: 'm1' });
  expect(live).toMatchObject({ sequence: 1 });
  expect(live).not.toHaveProperty('replayed');
});

test('SUB-1 a channel that never held anything has a position too', async () => {
  const [reader, writer] = [await connect('r'), await connect('w')];
  const subscribed = await reader.request({ type: 'subscribe', channel_id: 'news' });
  expect(subscribed).toMatchObject({ sequence: 0, epoch: expect.stringMatching(/./) as unknown });

  await publish(writer, 'news', ['m1', 'm2']);
  const again = await connect('r');
  const resumed = await again.request({
    type: 'subscribe',
    channel_id: 'news',
    since: positionOf(subscribed),
  });

  expect(resumed).toMatchObject({ sequence: 2, recovered: true });
  expect((await again.nextMessage()).id).toBe('m1');
  expect((await again.nextMessage()).id).toBe('m2');
});

test('SUB-1 one connection hears all its channels, and no other', async () => {
  const [reader, writer] = [await connect('r', { channel: 'first' }), await connect('w')];
  for (const channel_id of ['second', 'third']) await reader.request({ type: 'subscribe', channel_id });
  for (const channel of ['first', 'second', 'third', 'fourth']) await publish(writer, channel, [channel]);
  await publish(writer, 'first', ['last']);
  await reader.nextMessage({ id: 'last' });
  expect(
    messagesOf(reader)
      .map(({ id }) => id)
      .sort(),
  ).toEqual(['first', 'last', 'second', 'third']);
});

test('SUB-2 replays what came after the position, in order, and says when it is done', async () => {
  const [reader, writer] = [await connect('r'), await connect('w')];
  const acks = await publish(writer, 'news', numbered(30));
  const since = positionOf(acks[9]!);

  const subscribed = await reader.request({ type: 'subscribe', channel_id: 'news', since });
  const replayed = await reader.next({ type: 'REPLAYED' });

  expect(subscribed).toMatchObject({ recovered: true, sequence: 30 });
  expect(subscribed.reason).toBeUndefined();
  expect(replayed).toMatchObject({ channel_id: 'news', sequence: 30, complete: true });
  expect(replayed.gaps).toBeUndefined();
  expect(messagesOf(reader).map(({ id }) => id)).toEqual(numbered(20, 11));
  expect(messagesOf(reader).every((frame) => frame.replayed === true)).toBe(true);
});

test('SUB-2 the head is a position that nothing is missing from', async () => {
  const [reader, writer] = [await connect('r'), await connect('w')];
  const [ack] = await publish(writer, 'news', ['m1']);
  const since = positionOf(ack!);
  expect(await reader.request({ type: 'subscribe', channel_id: 'news', since })).toMatchObject({
    recovered: true,
    ...since,
  });
  expect(await reader.next({ type: 'REPLAYED' })).toMatchObject({ complete: true, sequence: 1 });
});

test.each([
  ['epoch_changed', (at: Frame) => ({ ...at, epoch: 'of-another-log' })],
  ['ahead', (at: Frame) => ({ ...at, sequence: 99 })],
])('SUB-3 does not pretend to go on from a position: %s', async (reason, change) => {
  const [reader, writer] = [await connect('r'), await connect('w')];
  const [ack] = await publish(writer, 'news', ['m1']);
  const since = change(positionOf(ack!));
  expect(await reader.request({ type: 'subscribe', channel_id: 'news', since })).toMatchObject({
    type: 'SUBSCRIBED',
    recovered: false,
    reason,
    ...positionOf(ack!),
  });
  await publish(writer, 'news', ['m2']);
  expect(await reader.nextMessage()).toMatchObject({ id: 'm2' });
});

needs('clock')('SUB-3 says expired when the next message is', async () => {
  const writer = await connect('w');
  const acks = await publish(writer, 'old', ['m1', 'm2']);
  await bus.inside.gateway.clock.advance(13 * 3_600_000);
  const late = await connect('w');
  await publish(late, 'old', ['m3']);
  await bus.inside.gateway.clock.advance(12 * 3_600_000);

  const reader = await connect('r');
  const since = positionOf(acks[0]!);
  expect(await reader.request({ type: 'subscribe', channel_id: 'old', since })).toMatchObject({
    recovered: false,
    reason: 'expired',
    sequence: 3,
  });
});

needs('signing key')('SUB-3 SUB-4 asks for the grants', async () => {
  const writer = await connect('w');
  const [ack] = await publish(writer, 'out.a', ['m1']);
  const claims = { tenant_id: tenant, agent_id: 'r', channels: { 'out.*': ['subscribe'] } };
  const reader = await bus.open(bus.url({ token: bus.signedToken(claims), protocol: 'artcafe.v1' }));

  expect(await reader.request({ type: 'subscribe', channel_id: 'in.a' })).toMatchObject({
    type: 'ERROR',
    code: 'forbidden',
  });
  const since = { ...positionOf(ack!), sequence: 0 };
  expect(await reader.request({ type: 'subscribe', channel_id: 'out.a', since })).toMatchObject({
    recovered: false,
    reason: 'forbidden',
  });
  await publish(writer, 'out.a', ['m2']);
  expect(await reader.nextMessage()).toMatchObject({ id: 'm2' });
});

test('SUB-4 takes 100 channels, and not one more', async () => {
  const reader = await connect('r');
  const resume = Array.from({ length: 99 }, (_, n) => ({ channel_id: `c${n}` }));
  await reader.request({ type: 'hello', resume });
  expect(await reader.request({ type: 'subscribe', channel_id: 'c99' })).toMatchObject({
    type: 'SUBSCRIBED',
  });
  expect(await reader.request({ type: 'subscribe', channel_id: 'c99' })).toMatchObject({
    type: 'SUBSCRIBED',
  });
  expect(await reader.request({ type: 'subscribe', channel_id: 'c100' })).toMatchObject({
    type: 'ERROR',
    code: 'limit_exceeded',
    error: expect.stringContaining('100 channels'),
  });
});

test('SUB-5 nothing comes after an unsubscribe, and once is enough', async () => {
  const [reader, writer] = [await connect('r', { channel: 'first' }), await connect('w')];
  await reader.request({ type: 'subscribe', channel_id: 'news' });
  for (const channel_id of ['news', 'news', 'never', 'first']) {
    expect(await reader.request({ type: 'unsubscribe', channel_id })).toMatchObject({
      type: 'UNSUBSCRIBED',
      channel_id,
    });
  }
  await publish(writer, 'news', ['m1']);
  await publish(writer, 'first', ['m2']);
  // Whatever was sent before this answer is here by now.
  await reader.request({ type: 'ping' });
  await reader.request({ content: 1, to: 'r' });
  await reader.nextMessage({ content: 1 });
  expect(messagesOf(reader)).toHaveLength(1);
});

test('SUB-5 messages that stand before unsubscribe in a batch still arrive, in order', async () => {
  for (const level of [0, 1] as const) {
    const channel_id = `q${level}`;
    const client = await connect('r', { level });
    client.send([
      { type: 'subscribe', id: 's', channel_id },
      { id: 'm1', channel_id, content: 1 },
      { channel_id, content: 2 },
      { type: 'unsubscribe', id: 'u', channel_id },
      { id: 'm3', channel_id, content: 3 },
    ]);
    await client.reply('m3');
    await client.request({ id: 'last', to: 'r', content: 'last' });
    await client.nextMessage({ id: 'last' });
    expect(messagesOf(client).map(({ content }) => content)).toEqual([1, 2, 'last']);
    const answers = client.received.filter((frame) => !isMessage(frame));
    expect(answers.map(({ message_id }) => message_id)).toEqual(['s', 'm1', 'u', 'm3', 'last']);
  }
});

test('SUB-6 a long replay stops at 1,000 messages, says so, and history has the rest', async () => {
  const reader = await connect('r');
  const first = await reader.request({ id: 'first', channel_id: 'long', content: 0 });
  let writer = reader;
  for (let batch = 0; batch < 41; batch++) {
    // One agent may send 100 frames at once.
    if (batch % 4 === 0) writer = await connect(`w${batch}`);
    const frames = Array.from({ length: 25 }, (_, n) => ({
      id: `b${batch}-${n}`,
      channel_id: 'long',
      content: n,
    }));
    writer.send(frames);
    await writer.reply(`b${batch}-24`);
  }

  await reader.request({ type: 'subscribe', channel_id: 'long', since: positionOf(first) });
  const replayed = await reader.next({ type: 'REPLAYED' });
  const rest = await reader.request({ type: 'history', channel_id: 'long', after: positionOf(replayed) });

  expect(replayed).toMatchObject({ complete: false });
  const sequences = messagesOf(reader).map(({ sequence }) => sequence as number);
  expect(sequences).toEqual(Array.from({ length: sequences.length }, (_, n) => n + 2));
  expect(sequences.at(-1)).toBe(replayed.sequence);
  expect(sequences.length).toBeLessThanOrEqual(1_000);
  const [next] = rest.messages as Frame[];
  expect(next!.sequence).toBe(sequences.length + 2);
});

test('SUB-7 no gap between replay and live, whatever is published meanwhile', async () => {
  const writer = await connect('w');
  const first = await writer.request({ id: 'first', channel_id: 'busy', content: 0 });
  const publishing = new AbortController();
  const published = (async () => {
    for (let n = 0; !publishing.signal.aborted; n++)
      await writer.request({ id: `m${n}`, channel_id: 'busy', content: n });
  })();
  const readers = [];
  for (let n = 0; n < 8; n++) {
    const reader = await connect(`r${n}`);
    const subscribed = await reader.request({
      type: 'subscribe',
      channel_id: 'busy',
      since: positionOf(first),
    });
    readers.push({ reader, head: subscribed.sequence as number });
  }
  publishing.abort();
  await published;
  const last = await writer.request({ id: 'last', channel_id: 'busy', content: 0 });
  const expected = Array.from({ length: (last.sequence as number) - 1 }, (_, n) => n + 2);
  for (const { reader, head } of readers) {
    await reader.next({ type: 'REPLAYED' });
    // Live messages of different text messages may overtake each other.
    const seen = await eventually(
      () => [...new Set(messagesOf(reader).map(({ sequence }) => sequence as number))],
      (sequences) => sequences.length >= expected.length,
    );
    expect(seen.sort((a, b) => a - b)).toEqual(expected);
    const replayed = messagesOf(reader).filter((frame) => frame.replayed === true);
    expect(replayed.every(({ sequence }) => (sequence as number) <= head)).toBe(true);
  }
});
