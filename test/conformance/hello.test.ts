/** Conformance: hello and WELCOME, ping and PONG, and the texts of level 1 (docs/protocol.md, Level 1). */
import { Bus, fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
import { type Frame, isMessage, type TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';

const bus = useBus();
beforeAll(() => warmUp(bus));
let tenant: string;

beforeEach(() => {
  tenant = fresh('tenant');
});

const connect = (agent: string, asking: object = {}): Promise<TestClient> =>
  bus.connect({ tenant, agent }, { level: 1, ...asking });
const positionOf = ({ epoch, sequence }: Frame) => ({ epoch, sequence });
const channelsOf = (welcome: Frame): Frame[] => welcome.channels as Frame[];
const stateOf = (frame: Frame, name: string): Frame | undefined =>
  channelsOf(frame).find(({ channel_id }) => channel_id === name);
const messagesOf = (client: TestClient): Frame[] => client.received.filter(isMessage);

test('HEL-1 WELCOME says who and where the client is', async () => {
  const client = await connect('a');
  const welcome = await client.request({ type: 'hello', id: 'h', client: { name: 'x', version: '1' } });
  expect(welcome).toEqual({
    type: 'WELCOME',
    message_id: 'h',
    timestamp: expect.stringMatching(/Z$/) as unknown,
    connection_id: expect.stringMatching(/^.{15}=$/) as unknown,
    tenant_id: tenant,
    agent_id: 'a',
    token_expires_at: expect.stringMatching(/^\d{4}-.*\.000Z$/) as unknown,
    limits: {
      frame_bytes: 32_768,
      message_bytes: 129_024,
      batch_frames: 25,
      channels: 100,
      history_messages: 1_000,
    },
    channels: [{ channel_id: '$inbox', epoch: expect.any(String) as unknown, sequence: 0, from: 0 }],
  });
});

test('HEL-1 comes before the replays, which follow channel by channel', async () => {
  const writer = await connect('w');
  const since: Record<string, Frame> = {};
  for (const channel_id of ['a', 'b']) {
    since[channel_id] = positionOf(await writer.request({ channel_id, content: 0 }));
    for (const id of [`${channel_id}1`, `${channel_id}2`])
      await writer.request({ id, channel_id, content: 1 });
  }
  const reader = await connect('r');
  reader.send({
    type: 'hello',
    resume: ['a', 'b'].map((channel_id) => ({ channel_id, ...since[channel_id] })),
  });
  await reader.next({ type: 'REPLAYED', channel_id: 'a' });
  await reader.next({ type: 'REPLAYED', channel_id: 'b' });

  const order = reader.received.map((frame) => (isMessage(frame) ? frame.id : frame.type));
  expect(order).toEqual(['WELCOME', 'a1', 'a2', 'REPLAYED', 'b1', 'b2', 'REPLAYED']);
  expect(stateOf(reader.received[0]!, 'b')).toMatchObject({ recovered: true, sequence: 3 });
});

test('HEL-2 subscribes what resume names, with and without a position', async () => {
  const [reader, writer] = [await connect('r'), await connect('w')];
  await writer.request({ channel_id: 'a', content: 0 });
  const welcome = await reader.request({
    type: 'hello',
    resume: [{ channel_id: 'a' }, { channel_id: 'b', epoch: 'unknown', sequence: 3 }],
  });
  expect(stateOf(welcome, 'a')).toEqual({
    channel_id: 'a',
    epoch: expect.any(String) as unknown,
    sequence: 1,
  });
  expect(stateOf(welcome, 'b')).toMatchObject({ recovered: false, sequence: 0 });
  for (const channel_id of ['a', 'b']) await writer.request({ id: channel_id, channel_id, content: 1 });
  expect(await reader.nextMessage({ id: 'a' })).toMatchObject({ channel_id: 'a', sequence: 2 });
  expect(await reader.nextMessage({ id: 'b' })).toMatchObject({ channel_id: 'b', sequence: 1 });
});

test('HEL-2 names what is not granted, and subscribes the rest', async () => {
  const reader = await bus.connect({ tenant, agent: 'r', channels: ['mine'] }, { level: 1 });
  const writer = await connect('w');
  const welcome = await reader.request({
    type: 'hello',
    resume: [{ channel_id: 'mine' }, { channel_id: 'yours' }],
  });
  expect(stateOf(welcome, 'yours')).toEqual({ channel_id: 'yours', recovered: false, reason: 'forbidden' });
  await writer.request({ channel_id: 'yours', content: 0 });
  await writer.request({ id: 'm1', channel_id: 'mine', content: 0 });
  await reader.nextMessage({ id: 'm1' });
  expect(messagesOf(reader)).toHaveLength(1);
});

test('HEL-3 names the own channel and the inbox without being asked', async () => {
  const [reader, writer] = [await connect('r', { channel: 'news' }), await connect('w')];
  await writer.request({ channel_id: 'news', content: 0 });
  await writer.request({ to: 'r', content: 0 });
  const welcome = await reader.request({ type: 'hello' });
  expect(channelsOf(welcome)).toMatchObject([
    { channel_id: 'news', sequence: 1 },
    { channel_id: '$inbox', sequence: 1 },
  ]);
});

test('HEL-3 names every channel that the connection is subscribed to, and no other', async () => {
  const [reader, writer] = [await connect('r', { channel: 'own' }), await connect('w')];
  await writer.request({ channel_id: 'news', content: 0 });
  for (const channel_id of ['news', '$presence', 'left'])
    await reader.request({ type: 'subscribe', channel_id });
  for (const channel_id of ['left', 'own']) await reader.request({ type: 'unsubscribe', channel_id });

  const resume = [{ channel_id: 'more' }, { channel_id: 'more', epoch: 'e', sequence: 1 }];
  const welcome = await reader.request({ type: 'hello', resume });
  const empty = { epoch: expect.stringMatching(/^empty-/) as unknown, sequence: 0 };
  expect(channelsOf(welcome)).toEqual([
    { channel_id: 'more', ...empty, recovered: false, reason: 'epoch_changed' },
    { channel_id: '$presence' },
    { channel_id: 'news', epoch: expect.any(String) as unknown, sequence: 1 },
    { channel_id: '$inbox', ...empty, from: 0 },
  ]);
  const again = await reader.request({ type: 'hello' });
  expect(channelsOf(again).map(({ channel_id }) => channel_id)).toEqual([
    '$presence',
    'more',
    'news',
    '$inbox',
  ]);
});

test('HEL-3 names what was refused without a position, and $presence too', async () => {
  const reader = await bus.connect({ tenant, agent: 'r', channels: ['$presence', 'c'] }, { level: 1 });
  const at = { epoch: 'e', sequence: 1 };
  const welcome = await reader.request({
    type: 'hello',
    resume: [
      { channel_id: 'yours', ...at },
      { channel_id: '$presence', ...at },
    ],
  });
  expect(channelsOf(welcome)).toEqual([
    { channel_id: '$presence', recovered: false, reason: 'no_log' },
    { channel_id: '$inbox', epoch: expect.any(String) as unknown, sequence: 0, from: 0 },
    { channel_id: 'yours', recovered: false, reason: 'forbidden' },
  ]);
});

test('HEL-4 may come late, and again', async () => {
  const [client, writer] = [await connect('a'), await connect('w')];
  await client.request({ channel_id: 'news', content: 0 });
  await client.request({ type: 'hello', resume: [{ channel_id: 'news' }] });
  expect(await client.request({ type: 'hello', resume: [{ channel_id: 'more' }] })).toMatchObject({
    type: 'WELCOME',
  });
  for (const channel_id of ['news', 'more']) await writer.request({ id: channel_id, channel_id, content: 1 });
  await client.nextMessage({ id: 'news' });
  await client.nextMessage({ id: 'more' });
});

test('INB-4 the inbox is resumed like a channel, and needs no grant', async () => {
  const reader = await bus.connect({ tenant, agent: 'r', channels: [] }, { level: 1 });
  const writer = await connect('w');
  const first = await writer.request({ id: 'm1', to: 'r', content: 0 });
  await writer.request({ id: 'm2', to: 'r', content: 0 });
  await reader.nextMessage({ id: 'm2' });

  const again = await bus.connect({ tenant, agent: 'r', channels: [] }, { level: 1 });
  const welcome = await again.request({
    type: 'hello',
    resume: [{ channel_id: '$inbox', ...positionOf(first) }],
  });
  await again.next({ type: 'REPLAYED', channel_id: '$inbox' });
  expect(stateOf(welcome, '$inbox')).toMatchObject({ recovered: true, sequence: 2 });
  expect(messagesOf(again)).toMatchObject([{ id: 'm2', to: 'r', sequence: 2, replayed: true }]);
  expect(await again.request({ type: 'history', channel_id: '$inbox' })).toMatchObject({
    messages: [{ id: 'm1' }, { id: 'm2' }],
  });
  expect(await again.request({ type: 'unsubscribe', channel_id: '$inbox' })).toMatchObject({
    code: 'forbidden',
  });
});

test('INB-1 what nobody took follows the WELCOME, and only once', async () => {
  const writer = await connect('w');
  for (const id of ['m1', 'm2', 'm3']) {
    expect(await writer.request({ id, to: 'r', content: 0 })).toMatchObject({ status: 'stored' });
  }
  const reader = await connect('r');
  await reader.request({ type: 'hello' });
  expect(await reader.next({ type: 'REPLAYED' })).toMatchObject({
    channel_id: '$inbox',
    sequence: 3,
    complete: true,
  });
  expect(messagesOf(reader)).toMatchObject(
    ['m1', 'm2', 'm3'].map((id, n) => ({ id, to: 'r', sequence: n + 1, replayed: true })),
  );
  await reader.request({ type: 'hello' });
  await writer.request({ id: 'm4', to: 'r', content: 0 });
  await reader.nextMessage({ id: 'm4' });
  expect(messagesOf(reader)).toHaveLength(4);
});

test('INB-1 a position older than what nobody took is served from there', async () => {
  const [writer, first] = [await connect('w'), await connect('r')];
  const seen = await writer.request({ id: 'm1', to: 'r', content: 0 });
  await writer.request({ id: 'm2', to: 'r', content: 0 });
  await first.nextMessage({ id: 'm2' });
  await first.close();
  await eventually(
    () => writer.request({ id: 'm3', to: 'r', content: 0, expects_reply: true }),
    (answer) => answer.code === 'no_responders',
  );
  await writer.request({ id: 'm4', to: 'r', content: 0 });

  const again = await connect('r');
  await again.request({ type: 'hello', resume: [{ channel_id: '$inbox', ...positionOf(seen) }] });
  await again.next({ type: 'REPLAYED', channel_id: '$inbox' });
  // The first attempts of m3 may still be delivered live, before the replay or behind it.
  const replayed = messagesOf(again).filter(({ replayed }) => replayed === true);
  expect(replayed[0]).toMatchObject({ id: 'm2' });
  expect(replayed.at(-1)).toMatchObject({ id: 'm4' });
});

test('LVL-1 a text is a frame or an array of frames, and never over 32 KB when it is an array', async () => {
  const [reader, writer] = [await connect('r'), await connect('w')];
  const content = 'x'.repeat(9_000);
  const first = await writer.request({ channel_id: 'big', content });
  for (let n = 1; n < 12; n++) await writer.request({ channel_id: 'big', content });
  await reader.request({ type: 'subscribe', channel_id: 'big', since: positionOf(first) });
  await reader.next({ type: 'REPLAYED' });
  const arrays = reader.texts.filter((text) => text.startsWith('['));
  expect(arrays.length).toBeGreaterThan(1);
  for (const text of arrays) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(32_768);
  expect(messagesOf(reader)).toHaveLength(11);
});

test('LVL-2 a message carries its position when it is in a log, and to when it is direct', async () => {
  const client = await connect('a', { channel: 'news' });
  const ack = await client.request({ id: 'm1', content: 1 });
  expect(await client.nextMessage({ id: 'm1' })).toMatchObject(positionOf(ack));
  await client.request({ id: 'm2', content: 1, ephemeral: true });
  const ephemeral = await client.nextMessage({ id: 'm2' });
  expect([ephemeral.sequence, ephemeral.epoch, ephemeral.replayed]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const direct = await client.request({ id: 'm3', content: 1, to: 'a' });
  expect(await client.nextMessage({ id: 'm3' })).toMatchObject({ to: 'a', ...positionOf(direct) });
});

test('LVL-3 at level 0 a control frame is acknowledged and takes effect', async () => {
  const reader = await bus.connect({ tenant, agent: 'r' });
  const writer = await connect('w');
  const first = await writer.request({ id: 'm1', channel_id: 'news', content: 1 });
  await writer.request({ id: 'm2', channel_id: 'news', content: 1 });
  const frames = [
    { type: 'hello' },
    { type: 'subscribe', channel_id: 'news', since: positionOf(first) },
    { type: 'history', channel_id: 'news' },
    { type: 'ping' },
  ];
  for (const frame of frames) {
    const ack = await reader.request(frame);
    expect(Object.keys(ack).sort()).toEqual(['message_id', 'timestamp', 'type']);
    expect(ack.type).toBe('ACK');
  }
  reader.send({ type: 'ping' });
  expect(await reader.nextMessage({ id: 'm2' })).not.toHaveProperty('sequence');
  await writer.request({ id: 'm3', channel_id: 'news', content: 1 });
  await reader.nextMessage({ id: 'm3' });
  await reader.request({ type: 'unsubscribe', channel_id: 'news' });
  expect(reader.received.map(({ type }) => type).filter((type) => type !== 'ACK')).toEqual([
    'message',
    'message',
  ]);
  expect(reader.received.filter(({ type }) => type === 'ACK')).toHaveLength(5);
});

test('LVL-4 control frames and messages stand in one batch and are handled in order', async () => {
  const client = await connect('a', { echo: false });
  client.send([
    { type: 'subscribe', id: '1', channel_id: 'news' },
    { id: '2', channel_id: 'news', content: 1 },
    { type: 'subscribe', id: '3' },
    { type: 'ping', id: '4', channels: [{ channel_id: 'news' }] },
    { type: 'unsubscribe', id: '5', channel_id: 'news' },
  ]);
  await client.reply('5');
  expect(client.received.map(({ type, message_id }) => `${String(message_id)} ${String(type)}`)).toEqual([
    '1 SUBSCRIBED',
    '2 ACK',
    '3 ERROR',
    '4 PONG',
    '5 UNSUBSCRIBED',
  ]);
  expect(client.received[2]).toMatchObject({ code: 'invalid_message' });
  expect(client.received[3]).toMatchObject({ channels: [{ channel_id: 'news', sequence: 1 }] });
});

test.each([
  ['client', { client: 'x' }, 'invalid_message'],
  ['client', { client: [] }, 'invalid_message'],
  ['name', { client: { name: 5 } }, 'invalid_message'],
  ['resume', { resume: Array.from({ length: 101 }, (_, n) => ({ channel_id: `c${n}` })) }, 'limit_exceeded'],
  ['entry of resume', { resume: [{ channel_id: 'c', sequence: 1 }] }, 'invalid_message'],
])('LVL-4 a hello with a wrong %s is refused: %#', async (_name, fields, code) => {
  const client = await connect('a');
  expect(await client.request({ type: 'hello', ...fields })).toMatchObject({ type: 'ERROR', code });
  expect(await client.request({ type: 'hello', client: { name: 'x' }, more: 7 })).toMatchObject({
    type: 'WELCOME',
    channels: [{ channel_id: '$inbox' }],
  });
});

test('LVL-4 a ping about more than 20 channels is over a limit', async () => {
  const client = await connect('a');
  const channels = Array.from({ length: 21 }, (_, n) => ({ channel_id: `c${n}` }));
  expect(await client.request({ type: 'ping', channels })).toMatchObject({ code: 'limit_exceeded' });
});

test('BAT-4 answers and messages of a batch come as arrays', async () => {
  const [reader, writer] = [
    await connect('r', { channel: 'news' }),
    await connect('w', { channel: 'news', echo: false }),
  ];
  const ids = Array.from({ length: 25 }, (_, n) => `m${n}`);
  writer.send(ids.map((id) => ({ id, content: id })));
  await writer.reply('m24');
  await reader.nextMessage({ id: 'm24' });
  expect(reader.texts).toHaveLength(1);
  expect(messagesOf(reader).map(({ id }) => id)).toEqual(ids);
  expect(writer.received.map(({ message_id }) => message_id)).toEqual(ids);
  expect(writer.texts.length).toBeLessThan(25);
});

test('PIN-1 PONG names the channels that have moved', async () => {
  const client = await connect('a');
  const ack = await client.request({ channel_id: 'news', content: 1 });
  const at = positionOf(ack);
  const ask = (channels: object[]) => client.request({ type: 'ping', channels });
  expect(await ask([])).toMatchObject({ type: 'PONG', channels: [] });
  expect(await ask([{ channel_id: 'news', ...at }])).toMatchObject({ channels: [] });
  await client.request({ channel_id: 'news', content: 1 });
  expect(await ask([{ channel_id: 'news', ...at }, { channel_id: 'other' }])).toMatchObject({
    channels: [
      { channel_id: 'news', epoch: at.epoch, sequence: 2 },
      { channel_id: 'other', sequence: 0 },
    ],
  });
  client.send({ type: 'ping' });
  expect((await client.next({ type: 'PONG' })).message_id).toBeUndefined();
});

test('PIN-1 asks for the grant', async () => {
  const client = await bus.connect({ tenant, agent: 'a', channels: ['mine'] }, { level: 1 });
  expect(await client.request({ type: 'ping', channels: [{ channel_id: 'yours' }] })).toMatchObject({
    code: 'forbidden',
  });
});

needs('clock')('PIN-2 gets GOAWAY rotate ten minutes before the two hours are over', async () => {
  const own = await Bus.start();
  try {
    const client = await own.connect({ tenant, agent: 'a', expiresInSeconds: 86_400 }, { level: 1 });
    for (let minutes = 0; minutes < 108; minutes += 9) {
      expect(await client.request({ type: 'ping' })).toMatchObject({ type: 'PONG' });
      await own.inside.gateway.clock.advance(9 * 60_000);
    }
    await client.request({ type: 'ping' });
    expect(client.received.filter(({ type }) => type === 'GOAWAY')).toEqual([]);
    await own.inside.gateway.clock.advance(3 * 60_000);
    await client.request({ type: 'ping' });
    expect(await client.next({ type: 'GOAWAY' })).toMatchObject({ code: 'rotate', reconnect: true });
  } finally {
    await own.stop();
  }
});

needs('clock')('TOK-7 a ping with an expired token is answered with GOAWAY alone', async () => {
  const own = await Bus.start();
  try {
    const client = await own.connect({ tenant, agent: 'a', expiresInSeconds: 60 }, { level: 1 });
    await own.inside.gateway.clock.advance(61_000);
    expect(await client.request({ type: 'history', channel_id: 'c' })).toMatchObject({
      code: 'token_expired',
    });
    const before = client.received.length;
    client.send({ type: 'ping', id: 'p', channels: [{ channel_id: 'c' }] });
    expect(await client.next({ type: 'GOAWAY' })).toMatchObject({ code: 'token_expired', reconnect: true });
    // The answer to a later frame: a PONG would have come before it.
    await client.request({ type: 'history', channel_id: 'c' });
    expect(client.received.slice(before).map(({ type }) => type)).toEqual(['GOAWAY', 'ERROR']);
  } finally {
    await own.stop();
  }
});
