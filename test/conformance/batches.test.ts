/**
 * Conformance: several frames in one text message (docs/protocol.md, Server frames).
 * Single messages are in messages.test.ts and acks.test.ts.
 */
import { bases, fresh } from '../helpers/bus';
import { type Frame, isMessage } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';

const bus = useBus();
beforeAll(() => warmUp(bus));
let tenant: string;

beforeEach(() => {
  tenant = fresh('tenant');
});

const count = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

describe.each(bases)('on the base of the %s', (base) => {
  test('BAT-1 one answer per frame, as texts of their own, in the order of the frames', async () => {
    const client = await bus.connect({ tenant, agent: 'a' }, { base, channel: 'news', echo: false });
    const ids = count(25).map((n) => `m${n}`);

    client.send(ids.map((id, content) => ({ id, content })));
    for (const id of ids) expect(await client.reply(id)).toMatchObject({ type: 'ACK' });

    expect(client.received.map((frame) => frame.message_id)).toEqual(ids);
  });
});

test('BAT-1 a bad frame does not affect the others', async () => {
  const client = await bus.connect({ tenant, agent: 'a', channels: ['news'] }, { channel: 'news' });

  client.send([
    { id: 'good-1', content: 1 },
    { id: 'no-content' },
    'not an object',
    { id: 'bad-type', type: 'LOUD', content: 1 },
    null,
    { id: 'good-2', content: 2 },
    { id: 'forbidden', channel_id: 'other', content: 3 },
    { content: 'without an id' },
    { id: 'nobody', to: 'b', content: 1, expects_reply: true },
    { id: 'good-3', to: 'a', content: 3 },
  ]);
  await client.reply('good-3');
  for (const id of ['good-1', 'good-2', 'good-3']) await client.nextMessage({ id });

  expect(
    client.received.filter((frame) => !isMessage(frame)).map((f) => [f.message_id, f.code ?? f.status]),
  ).toEqual([
    ['good-1', 'accepted'],
    ['no-content', 'invalid_message'],
    [undefined, 'invalid_message'],
    ['bad-type', 'unknown_type'],
    [undefined, 'invalid_message'],
    ['good-2', 'accepted'],
    ['forbidden', 'forbidden'],
    ['nobody', 'no_responders'],
    ['good-3', 'accepted'],
  ]);
  await client.nextMessage({ content: 'without an id' });
  expect(client.messageIds).toHaveLength(4);
});

test('BAT-1 a batch of one is answered like the frame alone', async () => {
  const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

  client.send([{ id: 'm1', content: 1 }]);

  expect(await client.reply('m1')).toMatchObject({ type: 'ACK', sequence: 1 });
  expect(await client.nextMessage()).toMatchObject({ id: 'm1' });
});

test('BAT-2 messages of a batch for one channel get rising sequences and arrive in that order', async () => {
  const sender = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });
  const receivers = await Promise.all(
    count(5).map((n) =>
      bus.connect({ tenant, agent: `b${n}` }, { channel: 'news', base: n % 2 ? 'api' : 'edge' }),
    ),
  );
  const ids = count(25).map((n) => `m${n}`);

  sender.send(ids.map((id, content) => ({ id, content })));
  const acks = await Promise.all(ids.map((id) => sender.reply(id)));

  expect(acks.map((ack) => ack.sequence)).toEqual(count(25).map((n) => n + 1));
  for (const receiver of [sender, ...receivers]) {
    await receiver.nextMessage({ id: 'm24' });
    expect(receiver.messageIds).toEqual(ids);
  }
});

test('BAT-2 the order holds channel by channel and agent by agent when a batch mixes them', async () => {
  const sender = await bus.connect({ tenant, agent: 'a' });
  const red = await bus.connect({ tenant, agent: 'r' }, { channel: 'red' });
  const blue = await bus.connect({ tenant, agent: 'b' }, { channel: 'blue' });
  const named = await bus.connect({ tenant, agent: 'n' });
  const targets = [{ channel_id: 'red' }, { channel_id: 'blue', ephemeral: true }, { to: 'n' }];

  sender.send(count(24).map((n) => ({ id: `m${n}`, content: n, ...targets[n % 3] })));
  await sender.reply('m23');
  await Promise.all([
    red.nextMessage({ id: 'm21' }),
    blue.nextMessage({ id: 'm22' }),
    named.nextMessage({ id: 'm23' }),
  ]);

  expect(red.messageIds).toEqual(count(8).map((n) => `m${n * 3}`));
  expect(blue.messageIds).toEqual(count(8).map((n) => `m${n * 3 + 1}`));
  expect(named.messageIds).toEqual(count(8).map((n) => `m${n * 3 + 2}`));
});

test('BAT-2 a duplicate inside a batch keeps the first place', async () => {
  const sender = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

  sender.send([
    { id: 'm1', content: 1 },
    { id: 'm2', content: 2 },
    { id: 'm1', content: 1, retry: true },
    { id: 'm3', content: 3 },
  ]);
  await sender.reply('m3');
  await sender.nextMessage({ id: 'm3' });

  const acks = sender.received.filter((frame) => frame.type === 'ACK');
  expect(acks.map(({ message_id, status, sequence }) => [message_id, status, sequence])).toEqual([
    ['m1', 'accepted', 1],
    ['m2', 'accepted', 2],
    ['m1', 'duplicate', 1],
    ['m3', 'accepted', 3],
  ]);
  expect(sender.messageIds).toEqual(['m1', 'm2', 'm3']);
});

test('ACK-6 equal frames of one batch are messages of their own, unless the later one says retry', async () => {
  const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news', echo: false });
  const frame = { id: 'm1', content: 1 };
  const other = { id: 'm2', content: 1, retry: true };
  const direct = { id: 'm3', to: 'b', content: 1 };
  client.send([frame, frame, other, other, direct, direct]);
  const acks: Frame[] = [];
  for (const id of ['m1', 'm1', 'm2', 'm2', 'm3', 'm3']) acks.push(await client.reply(id));
  expect(acks.map(({ status, sequence }) => [status, sequence])).toEqual([
    ['accepted', 1],
    ['accepted', 2],
    ['accepted', 3],
    ['duplicate', 3],
    ['stored', 1],
    ['stored', 2],
  ]);
});

test('BAT-3 an empty array is invalid_message', async () => {
  const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

  client.send([]);

  expect(await client.next({ type: 'ERROR' })).toMatchObject({ code: 'invalid_message' });
});

test('BAT-3 more than 25 frames are limit_exceeded, and none is accepted', async () => {
  const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

  client.send(count(26).map((n) => ({ id: `m${n}`, content: n })));
  expect(await client.next({ type: 'ERROR' })).toMatchObject({ code: 'limit_exceeded' });
  expect(await client.request({ id: 'marker', content: 1 })).toMatchObject({ sequence: 1 });
  await client.nextMessage({ id: 'marker' });

  expect(client.received).toHaveLength(3);
});

test('BAT-3 an array inside an array is invalid_message', async () => {
  const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

  client.send([[{ id: 'inner', content: 1 }], { id: 'outer', content: 2 }]);
  expect(await client.next({ type: 'ERROR' })).toMatchObject({ code: 'invalid_message' });
  expect(await client.reply('outer')).toMatchObject({ type: 'ACK', sequence: 1 });
  await client.nextMessage({ id: 'outer' });

  expect(client.messageIds).toEqual(['outer']);
});

test('BAT-5 a further hello, and pings of more than 20 channels together, are limit_exceeded', async () => {
  const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news', level: 1 });
  const channels = count(11).map((n) => ({ channel_id: `c${n}` }));
  const answers = ['h1', 'p1', 'h2', 'p2', 'm'].map((id) => client.reply(id));
  client.send([
    { type: 'hello', id: 'h1' },
    { type: 'ping', id: 'p1', channels },
    { type: 'hello', id: 'h2' },
    { type: 'ping', id: 'p2', channels },
    { id: 'm', content: 1 },
  ]);
  expect(await Promise.all(answers)).toMatchObject([
    { type: 'WELCOME' },
    { type: 'PONG' },
    { type: 'ERROR', code: 'limit_exceeded' },
    { type: 'ERROR', code: 'limit_exceeded' },
    { type: 'ACK' },
  ]);
});
