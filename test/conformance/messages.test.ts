/**
 * Conformance: messages in channels, who gets them and what arrives (docs/protocol.md, Client frames).
 * That somebody gets nothing is shown by a later message on the same way that does arrive.
 */
import { bases, fresh } from '../helpers/bus';
import { needs } from '../helpers/target';
import type { Frame, TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';

const bus = useBus({ faultPlan: {} });
beforeAll(() => warmUp(bus));
let tenant: string;

beforeEach(() => {
  tenant = fresh('tenant');
});

const wireTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Publishes from one connection to another on the same channel, and gives what arrived. */
async function passed(frame: Frame): Promise<Frame> {
  const receiver = await bus.connect({ tenant, agent: 'receiver' }, { channel: 'news' });
  const sender = await bus.connect({ tenant, agent: 'sender' }, { channel: 'news' });
  // An id of its own: what is slow to arrive is looked for in the log, where the one before has been.
  const id = frame.id ?? fresh('m');
  expect(await sender.request({ ...frame, id })).toMatchObject({ type: 'ACK' });
  const message = await receiver.nextMessage({ id });
  await Promise.all([receiver.close(), sender.close()]);
  return message;
}

describe.each(bases)('on the base of the %s', (base) => {
  test('MSG-1 the server adds tenant, agent, channel and time', async () => {
    const receiver = await bus.connect({ tenant, agent: 'b' }, { base, channel: 'news' });
    const sender = await bus.connect({ tenant, agent: 'a' }, { base, channel: 'news' });
    const before = bus.now();

    await sender.request({ id: 'm1', content: 'hello', metadata: { mood: 'fine' } });
    const message = await receiver.nextMessage();

    expect(message).toEqual({
      id: 'm1',
      type: 'message',
      content: 'hello',
      metadata: { mood: 'fine' },
      tenant_id: tenant,
      agent_id: 'a',
      channel_id: 'news',
      timestamp: expect.stringMatching(wireTime) as unknown,
    });
    const time = Date.parse(String(message.timestamp));
    expect(time).toBeGreaterThanOrEqual(before - 2_000);
    expect(time).toBeLessThanOrEqual(bus.now() + 2_000);
  });

  test('MSG-3 everybody on the channel gets the message, the sending connection included', async () => {
    const clients = await Promise.all([
      bus.connect({ tenant, agent: 'a' }, { base, channel: 'news' }),
      bus.connect({ tenant, agent: 'a' }, { base: 'edge', channel: 'news' }),
      bus.connect({ tenant, agent: 'b' }, { base: 'api', channel: 'news' }),
      bus.connect({ tenant, agent: 'c' }, { pathForm: true, channel: 'news' }),
    ]);

    await clients[0].request({ id: 'm1', content: 1 });

    for (const client of clients)
      expect(await client.nextMessage()).toMatchObject({ id: 'm1', agent_id: 'a' });
  });
});

needs('faults')('MSG-3 a table that is slow to name the subscribers keeps nobody out', async () => {
  const sender = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });
  const receiver = await bus.connect({ tenant, agent: 'b' }, { channel: 'news' });
  // The only query of an ephemeral publish.
  const hang = {
    service: 'dynamodb',
    function: 'Default',
    operation: 'Query',
    fault: 'hang',
    nth: 1,
  } as const;
  bus.inside.gateway.faultPlan!.replace({ rules: [hang] });

  await sender.request({ id: 'm1', content: 1, ephemeral: true });

  expect(await receiver.nextMessage()).toMatchObject({ id: 'm1' });
});

test('MSG-1 what a client writes into the server’s fields is ignored', async () => {
  const message = await passed({
    content: 1,
    tenant_id: 'evil',
    agent_id: 'evil',
    timestamp: '1970-01-01T00:00:00.000Z',
    sequence: 99,
    epoch: 'evil',
    replayed: true,
  });

  expect(Object.keys(message).sort()).toEqual(
    ['agent_id', 'channel_id', 'content', 'id', 'metadata', 'tenant_id', 'timestamp', 'type'].sort(),
  );
  expect(message).toMatchObject({ tenant_id: tenant, agent_id: 'sender', channel_id: 'news' });
  expect(Date.parse(String(message.timestamp))).toBeGreaterThan(bus.now() - 60_000);
});

test('MSG-1 wrong types in the server’s fields do not matter either', async () => {
  const message = await passed({ content: 1, tenant_id: {}, agent_id: 7, timestamp: [], sequence: 'x' });

  expect(message).toMatchObject({ tenant_id: tenant, agent_id: 'sender' });
});

test('MSG-1 a message without an id gets one from the server, and no ACK', async () => {
  const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

  client.send({ content: 'anonymous' });
  client.send({ id: null, content: 'null as id' });
  const first = await client.nextMessage({ content: 'anonymous' });
  const second = await client.nextMessage({ content: 'null as id' });
  await client.request({ id: 'marker', content: 'marker' });
  await client.nextMessage({ id: 'marker' });

  expect(first.id).toEqual(expect.stringMatching(/^.{8,128}$/));
  expect(second.id).toEqual(expect.stringMatching(/^.{8,128}$/));
  expect(first.id).not.toBe(second.id);
  expect(client.received.filter((frame) => frame.type === 'ACK')).toHaveLength(1);
  expect(client.received).toHaveLength(4);
});

const contents: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1.5,
  1e200,
  5e-324,
  Number.MAX_SAFE_INTEGER,
  '',
  'line\nfeed\ttab "quote" \\ / \u0000 \u007f \u2028 \u2029',
  'größe 日本語 🎉 \u{1f468}\u200d\u{1f469}',
  '\ud800 half a pair \udc00',
  [],
  {},
  [[], [[]], {}, null, 'x', 1],
  { a: { b: { c: [1, 2, { d: null }] } } },
  { id: 'inner', type: 'ACK', tenant_id: 'inner', timestamp: 0, __type: 'x', constructor: 1, toString: 2 },
  { '': 'empty key', 'key with blank': 1, ключ: 2, '1': 3, '0': 4 },
];

test('MSG-2 content arrives as sent, whatever JSON it is', async () => {
  const receiver = await bus.connect({ tenant, agent: 'b' }, { channel: 'news' });
  const sender = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

  sender.send(contents.map((content, index) => ({ id: `m${index}`, content })));

  for (const [index, content] of contents.entries()) {
    const message = await receiver.nextMessage({ id: `m${index}` });
    expect(message.content).toEqual(content);
    expect(JSON.stringify(message.content)).toBe(JSON.stringify(content));
  }
});

test('MSG-2 metadata arrives as sent, and as {} when there is none', async () => {
  const metadata = {
    to: 'somebody',
    nested: { list: [1, null, 'x'] },
    empty: {},
    größe: '🎉',
    nothing: null,
  };

  expect((await passed({ content: 1, metadata })).metadata).toEqual(metadata);
  expect((await passed({ content: 1 })).metadata).toEqual({});
  expect((await passed({ content: 1, metadata: null })).metadata).toEqual({});
});

test.each([
  'chat',
  'x',
  'agent.status:changed',
  'task_done-2',
  `t${'y'.repeat(63)}`,
  'error',
  'ack',
  'message',
])('MSG-2 a type of the user’s own is kept: %s', async (type) => {
  expect(await passed({ type, content: 1 })).toMatchObject({ type });
});

test.each(['x', 'id with blanks', 'auth0|7/f', '🎉'.repeat(64), 'i'.repeat(128), '__proto__', '%00', '<b>'])(
  'MSG-2 the id arrives as sent: %s',
  async (id) => {
    expect(await passed({ id, content: 1 })).toMatchObject({ id, content: 1 });
  },
);

test('MSG-2 fields that the page does not list arrive as sent', async () => {
  const extra = {
    priority: 'high',
    hops: 3,
    flag: false,
    list: [1, { x: null }],
    nested: { deep: { deeper: [] } },
    topic: null,
    data: '',
    größe: 1,
    'a b': 2,
    constructor: 'x',
    toString: 'y',
    connection_id: 'z',
  };

  expect(await passed({ content: 1, ...extra })).toMatchObject(extra);
});

test('MSG-2 a field named __proto__ is a field like any other', async () => {
  const receiver = await bus.connect({ tenant, agent: 'b' }, { channel: 'news' });
  const sender = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

  sender.sendText(
    '{"id":"m1","content":{"__proto__":{"x":1}},"__proto__":{"admin":true},"metadata":{"__proto__":[]}}',
  );
  await receiver.nextMessage();

  expect(receiver.texts[0]).toContain('"content":{"__proto__":{"x":1}}');
  expect(receiver.texts[0]).toContain('"__proto__":{"admin":true}');
  expect(receiver.texts[0]).toContain('"metadata":{"__proto__":[]}');
});

test('MSG-2 correlation_id, in_reply_to and traceparent are passed through', async () => {
  const fields = {
    correlation_id: 'c'.repeat(128),
    in_reply_to: 'question 1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };

  expect(await passed({ content: 1, ...fields })).toMatchObject(fields);
});

test('MSG-2 null in any field but content counts as absent', async () => {
  const absent = {
    type: null,
    metadata: null,
    channel_id: null,
    to: null,
    echo: null,
    ephemeral: null,
    retry: null,
    expects_reply: null,
  };

  const message = await passed({ content: null, ...absent });

  expect(message).toMatchObject({ type: 'message', content: null, metadata: {}, channel_id: 'news' });
});

test('MSG-2 a frame may have blanks around it and escapes in it', async () => {
  const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

  client.sendText(' \r\n\t{ "\\u0069d" : "m1" , "content" : "\\u0041\\ud83c\\udf89" } \n');

  expect(await client.reply('m1')).toMatchObject({ type: 'ACK' });
  expect(await client.nextMessage()).toMatchObject({ id: 'm1', content: 'A🎉' });
});

describe('echo', () => {
  /** Publishes the frame, then a marker that the connection certainly receives; gives the ids that it received. */
  async function receivedBy(client: TestClient, frame: Frame): Promise<unknown[]> {
    await client.request({ id: 'm1', content: 1, ...frame });
    await client.request({ id: 'marker', content: 2, echo: true });
    await client.nextMessage({ id: 'marker' });
    return client.messageIds;
  }

  test('MSG-4 echo: false in a message leaves the sending connection out, and only it', async () => {
    const sender = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });
    const sibling = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });
    const other = await bus.connect({ tenant, agent: 'b' }, { channel: 'news' });

    expect(await receivedBy(sender, { echo: false })).toEqual(['marker']);
    await sibling.nextMessage({ id: 'm1' });
    await other.nextMessage({ id: 'm1' });
  });

  test.each(bases)('MSG-4 echo=false at the handshake does the same (%s)', async (base) => {
    const sender = await bus.connect({ tenant, agent: 'a' }, { base, channel: 'news', echo: false });
    const sibling = await bus.connect({ tenant, agent: 'a' }, { base, channel: 'news' });

    expect(await receivedBy(sender, {})).toEqual(['marker']);
    await sibling.nextMessage({ id: 'm1' });
    await sibling.nextMessage({ id: 'marker' });
    await sibling.request({ id: 'of-sibling', content: 3 });
    await sender.nextMessage({ id: 'of-sibling' });
  });

  test('MSG-4 a message’s own echo wins over the handshake', async () => {
    const loud = await bus.connect({ tenant, agent: 'a' }, { channel: 'loud', echo: true });
    const silent = await bus.connect({ tenant, agent: 'a' }, { channel: 'silent', echo: false });

    expect(await receivedBy(loud, { echo: false })).toEqual(['marker']);
    expect(await receivedBy(silent, { echo: true })).toEqual(['m1', 'marker']);
  });

  test('MSG-4 echo holds for ephemeral and for direct messages as well', async () => {
    const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

    await client.request({ id: 'e', content: 1, echo: false, ephemeral: true });
    await client.request({ id: 'd', content: 1, echo: false, to: 'a' });
    expect(await receivedBy(client, { echo: false })).toEqual(['marker']);
    await client.request({ id: 'loud', content: 1, to: 'a' });
    await client.nextMessage({ id: 'loud' });
  });

  test('MSG-4 any other value at the handshake leaves echo on', async () => {
    const token = await bus.token({ tenant, agent: 'a' });
    for (const echo of ['true', '', '0', 'no', 'False']) {
      const client = await bus.open(bus.url({ token, channel_id: 'news', echo }));
      expect(await receivedBy(client, {})).toEqual(['m1', 'marker']);
      await client.close();
    }
  });
});

test('MSG-5 nothing reaches another channel or another tenant', async () => {
  const elsewhere = fresh('tenant');
  const sender = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });
  const sameChannelElsewhere = await bus.connect({ tenant: elsewhere, agent: 'a' }, { channel: 'news' });
  const otherChannel = await bus.connect({ tenant, agent: 'a' }, { channel: 'news2' });
  const noChannel = await bus.connect({ tenant, agent: 'a' });

  await sender.request({ id: 'secret', content: 1 });
  await sender.nextMessage({ id: 'secret' });
  await sender.request({ id: 'direct', content: 1, to: 'nobody' });
  await sameChannelElsewhere.request({ id: 'marker', content: 2 });
  await otherChannel.request({ id: 'marker', content: 2 });
  await noChannel.request({ id: 'marker', content: 2, to: 'a' });
  await sameChannelElsewhere.nextMessage({ id: 'marker' });
  await otherChannel.nextMessage({ id: 'marker', channel_id: 'news2' });
  await noChannel.nextMessage({ id: 'marker' });

  expect(sameChannelElsewhere.messageIds).toEqual(['marker']);
  expect(new Set(otherChannel.messageIds)).toEqual(new Set(['marker']));
  expect(noChannel.messageIds).toEqual(['marker']);
});

test('MSG-5 many tenants, channels and agents at once: each gets all of its own and nothing else', async () => {
  const tenants = [tenant, `${tenant}/channel`, `${tenant}%2Fchannel`, fresh('other')];
  const channels = ['news', 'news.', 'channel'];
  const places = tenants.flatMap((t) => channels.map((channel) => ({ t, channel })));
  const groups = await Promise.all(
    places.map(async ({ t, channel }) => ({
      name: `${t} ${channel}`,
      clients: await Promise.all(
        ['a', 'b', 'c'].map((agent) =>
          bus.connect({ tenant: t, agent }, { channel, base: agent === 'b' ? 'edge' : 'api' }),
        ),
      ),
    })),
  );

  // Twelve at once: a busy machine that starts a process for each of 36 does not finish any of them in its time.
  for (const index of [0, 1, 2])
    await Promise.all(
      groups.map(({ name, clients }) => clients[index]!.request({ id: `${name} ${index}`, content: name })),
    );

  for (const { name, clients } of groups) {
    for (const client of clients) {
      for (let count = 0; count < 3; count++) await client.nextMessage();
      expect([...client.messageIds].sort()).toEqual([`${name} 0`, `${name} 1`, `${name} 2`]);
    }
  }
});

test('MSG-6 channel_id publishes to another channel than the connection’s', async () => {
  const sender = await bus.connect({ tenant, agent: 'a' }, { channel: 'mine' });
  const there = await bus.connect({ tenant, agent: 'b' }, { channel: 'theirs' });

  expect(await sender.request({ id: 'm1', channel_id: 'theirs', content: 1 })).toMatchObject({ type: 'ACK' });
  expect(await there.nextMessage()).toMatchObject({ id: 'm1', channel_id: 'theirs', agent_id: 'a' });
  await sender.request({ id: 'marker', content: 1 });
  await sender.nextMessage({ id: 'marker' });

  expect(sender.messageIds).toEqual(['marker']);
});

test('MSG-6 publishing needs the grant for the channel', async () => {
  const channels = ['mine'];
  const client = await bus.connect({ tenant, agent: 'a', channels }, { channel: 'mine' });
  const there = await bus.connect({ tenant, agent: 'b' }, { channel: 'theirs' });

  const refused = await client.request({ id: 'm1', channel_id: 'theirs', content: 1 });
  await there.request({ id: 'marker', content: 1 });
  await there.nextMessage({ id: 'marker' });

  expect(refused).toMatchObject({ type: 'ERROR', code: 'forbidden', message_id: 'm1' });
  expect(there.messageIds).toEqual(['marker']);
});

test('MSG-7 without any receiver the answer is invalid_message', async () => {
  const client = await bus.connect({ tenant, agent: 'a' });

  for (const frame of [
    { content: 1 },
    { content: 1, channel_id: null, to: null },
    { content: 1, metadata: { to: 7 } },
  ]) {
    expect(await client.request({ id: 'm1', ...frame })).toMatchObject({
      type: 'ERROR',
      code: 'invalid_message',
      message_id: 'm1',
    });
  }
});

test('MSG-8 nobody publishes to the reserved channels', async () => {
  const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

  for (const channel_id of ['$presence', '$inbox']) {
    expect(await client.request({ channel_id, content: 1 })).toMatchObject({
      type: 'ERROR',
      code: 'forbidden',
    });
  }
});

test('MSG-9 connections that were cut or closed keep nobody from getting a message', async () => {
  const [cut, closed, ...others] = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      bus.connect(
        { tenant, agent: `agent-${index}` },
        { channel: 'news', base: index % 2 === 0 ? 'api' : 'edge' },
      ),
    ),
  );

  await Promise.all([cut!.terminate(), closed!.close()]);
  for (const id of ['m1', 'm2', 'm3']) {
    expect(await others[0]!.request({ id, content: 1 })).toMatchObject({ type: 'ACK' });
    for (const client of others) await client.nextMessage({ id });
  }
});

needs('faults')(
  'MSG-9 nor do rows of connections whose end was never reported, or whose token has expired',
  async () => {
    const { gateway } = bus.inside;
    gateway.faults.disconnect.lose = 1;
    const ghosts = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        bus.connect({ tenant, agent: `ghost-${index}` }, { channel: 'news' }),
      ),
    );
    const expired = await bus.connect({ tenant, agent: 'x', expiresInSeconds: 60 }, { channel: 'news' });
    await Promise.all(ghosts.map((ghost) => ghost.terminate()));
    await gateway.clock.advance(61_000);
    gateway.faults.disconnect.lose = 0;
    const others = await Promise.all(
      ['a', 'b', 'c'].map((agent) => bus.connect({ tenant, agent }, { channel: 'news' })),
    );

    for (const id of ['m1', 'm2']) {
      expect(await others[0]!.request({ id, content: 1 })).toMatchObject({ type: 'ACK' });
      for (const client of others) await client.nextMessage({ id });
    }
    expect(expired.messageIds).toEqual([]);
  },
);
