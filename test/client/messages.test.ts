import { type Gap, MemoryCursor, type Message, RequestError } from '../../clients/javascript/index';
import { FakeBus } from '../helpers/fake-bus';

const contentOf = ({ content }: Message): unknown => content;

test('begins with what is new, or after a position', async () => {
  const bus = new FakeBus();
  const rows = [1, 2, 3].map((content) => bus.server.publish('c', content));
  const client = await bus.connected('a');
  const heard: unknown[] = [];
  await bus.during(client.channel('c').subscribe((message) => heard.push(message.content)));
  const since = { epoch: rows[0]!.epoch, sequence: 1 };
  await expect(client.channel('c').subscribe(() => undefined, { since })).rejects.toThrow(
    'has a reader already',
  );
  const other = await bus.connected('b');
  const later: unknown[] = [];
  await bus.during(other.channel('c').subscribe((message) => later.push(message.content), { since }));
  bus.server.publish('c', 4);
  await bus.timers.advance(100);
  expect(heard).toEqual([4]);
  expect(later).toEqual([2, 3, 4]);
});

test('several handlers of one channel are one subscription, which ends with the last of them', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const heard: string[] = [];
  const channel = client.channel('c');
  const one = await bus.during(channel.subscribe(({ content }) => heard.push(`one ${String(content)}`)));
  const two = await bus.during(
    client.channel('c').subscribe(({ content }) => heard.push(`two ${String(content)}`)),
  );
  bus.server.publish('c', 1);
  await bus.timers.advance(10);
  one.unsubscribe();
  bus.server.publish('c', 2);
  await bus.timers.advance(10);
  two.unsubscribe();
  bus.server.publish('c', 3);
  await bus.timers.advance(10);
  expect(heard).toEqual(['one 1', 'two 1', 'two 2']);
  expect(bus.server.frames('subscribe')).toHaveLength(1);
  expect(bus.server.frames('unsubscribe')).toHaveLength(1);
  expect(bus.socketOf('a')?.channels.has('c')).toBe(false);
});

test('subscribing again waits until unsubscribing is through, so that they cannot overtake each other', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const first = await bus.during(client.channel('c').subscribe(() => undefined));
  first.unsubscribe();
  const again = client.channel('c').subscribe(() => undefined);
  await bus.timers.advance(1);
  expect(bus.server.frames().slice(-1)).toMatchObject([{ type: 'unsubscribe' }]);
  await bus.during(again);
  expect(bus.server.frames().slice(-1)).toMatchObject([{ type: 'subscribe' }]);
  expect(bus.socketOf('a')?.channels.has('c')).toBe(true);
});

test('a channel that the token does not allow rejects, before and after connecting', async () => {
  const bus = new FakeBus();
  bus.server.forbidden.add('secret');
  const client = bus.client('a');
  const early = expect(client.channel('secret').subscribe(() => undefined)).rejects.toMatchObject({
    code: 'forbidden',
  });
  await bus.during(client.connect());
  await early;
  await expect(bus.during(client.channel('secret').subscribe(() => undefined))).rejects.toMatchObject({
    code: 'forbidden',
  });
});

test('a slow handler gets one message at a time and delays neither ACKs nor other handlers', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const slow: unknown[] = [];
  const fast: unknown[] = [];
  let release: () => void = () => undefined;
  await bus.during(
    client.channel('c').subscribe(async ({ content }) => {
      slow.push(content);
      await new Promise<void>((resolve) => (release = resolve));
    }),
  );
  await bus.during(client.channel('c').subscribe(({ content }) => fast.push(content)));
  for (let content = 1; content <= 3; content++) await bus.during(client.channel('c').publish(content));
  expect(slow).toEqual([1]);
  expect(fast).toEqual([1, 2, 3]);
  release();
  await bus.timers.advance(1);
  expect(slow).toEqual([1, 2]);
});

test('a handler that throws is told about and gets the next message', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const errors: unknown[] = [];
  client.on('error', (error) => errors.push(error));
  const heard: unknown[] = [];
  await bus.during(
    client.channel('c').subscribe(({ content }) => {
      heard.push(content);
      throw new Error('mine');
    }),
  );
  bus.server.publish('c', 1);
  bus.server.publish('c', 2);
  await bus.timers.advance(10);
  expect(heard).toEqual([1, 2]);
  expect(errors).toMatchObject([{ message: 'mine' }, { message: 'mine' }]);
});

test('a loop that is much too slow costs bounded memory and loses nothing', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const loop = client.channel('c').messages();
  const first = loop.next();
  await bus.timers.advance(100);
  for (let content = 1; content <= 5_000; content++) bus.server.publish('c', content);
  await bus.timers.advance(100_000);
  expect(bus.server.frames('history')).toHaveLength(0);
  const heard = [(await first).value?.content];
  while (heard.length < 5_000) heard.push((await bus.during(loop.next())).value?.content);
  expect(heard).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1));
  expect(bus.server.frames('history').length).toBeGreaterThan(0);
  await loop.return();
  await bus.timers.advance(10);
  expect(bus.server.frames('unsubscribe')).toHaveLength(1);
});

test('a message whose live copy got lost is noticed by the ping and fetched', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const heard: unknown[] = [];
  await bus.during(client.channel('c').subscribe(({ content }) => heard.push(content)));
  bus.server.faults = { ...bus.server.faults, losesPost: () => true };
  bus.server.publish('c', 'lost');
  await bus.timers.advance(539_000);
  expect(heard).toEqual([]);
  await bus.timers.advance(5_000);
  expect(heard).toEqual(['lost']);
});

test('own messages are not heard when echo is off, neither live nor from the log', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a', { echo: false });
  const heard: unknown[] = [];
  await bus.during(client.channel('c').subscribe(({ content }) => heard.push(content)));
  await bus.during(client.channel('c').publish('mine'));
  bus.server.faults = { ...bus.server.faults, losesAnswer: () => true };
  const unanswered = client.channel('c').publish('mine too');
  await bus.timers.advance(10);
  bus.server.faults = { ...bus.server.faults, losesAnswer: () => false };
  bus.server.cut(bus.socketOf('a'));
  bus.server.publish('c', 'theirs');
  await bus.during(unanswered);
  await bus.timers.advance(1_000);
  expect(heard).toEqual(['theirs']);
  expect(bus.server.frames('history')).toHaveLength(0);
});

test('ephemeral messages are heard once though they come twice', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const heard: unknown[] = [];
  await bus.during(
    client.channel('c').subscribe((message) => heard.push([message.content, message.sequence])),
  );
  bus.server.faults = { ...bus.server.faults, doublesPost: () => true };
  await expect(bus.during(client.channel('c').publish('now', { ephemeral: true }))).resolves.toMatchObject({
    sequence: undefined,
  });
  await bus.timers.advance(10);
  expect(heard).toEqual([['now', undefined]]);
});

describe('what can’t be had any more', () => {
  test.each([
    ['expired', (rows: unknown[]) => rows.splice(0, 3)],
    ['epoch_changed', undefined],
  ])('%s is told, and reading goes on', async (reason, expire) => {
    const bus = new FakeBus();
    const client = await bus.connected('a');
    const heard: unknown[] = [];
    const gaps: Gap[] = [];
    client.on('gap', (gap) => gaps.push(gap));
    await bus.during(client.channel('c').subscribe(({ content }) => heard.push(content)));
    bus.server.publish('c', 1);
    await bus.timers.advance(10);
    bus.server.cut(bus.socketOf('a'));
    for (let content = 2; content <= 4; content++) bus.server.publish('c', content);
    const log = bus.server.log('c');
    if (expire === undefined) Object.assign(log, { epoch: 'new', rows: [] });
    else expire(log.rows);
    if (expire === undefined) bus.server.publish('c', 'first of the new epoch');
    await bus.timers.advance(5_000);
    bus.server.publish('c', 5);
    await bus.timers.advance(100);
    expect(gaps).toMatchObject([{ channelId: 'c', reason, after: { sequence: 1 } }]);
    expect(heard.at(-1)).toBe(5);
  });

  test('without the grant for the log, a hole is waited for and then told', async () => {
    const bus = new FakeBus();
    bus.server.script = ({ type, since, channel_id }) =>
      type === 'subscribe' && since !== undefined
        ? {
            type: 'SUBSCRIBED',
            channel_id,
            epoch: 'epoch-of-c',
            sequence: 2,
            recovered: false,
            reason: 'forbidden',
          }
        : type === 'history'
          ? { type: 'ERROR', code: 'forbidden', error: 'no grant' }
          : undefined;
    const client = await bus.connected('a');
    const heard: unknown[] = [];
    const gaps: Gap[] = [];
    client.on('gap', (gap) => gaps.push(gap));
    await bus.during(client.channel('c').subscribe(({ content }) => heard.push(content)));
    bus.server.faults = { ...bus.server.faults, losesPost: () => true };
    bus.server.publish('c', 'lost');
    bus.server.faults = { ...bus.server.faults, losesPost: () => false };
    bus.server.publish('c', 'here');
    await bus.timers.advance(20_000);
    expect(heard).toEqual(['here']);
    expect(gaps).toMatchObject([{ reason: 'forbidden' }]);
  });
});

test('a cursor moves behind what is handled, and a new client goes on there', async () => {
  const bus = new FakeBus();
  const cursor = new MemoryCursor();
  const first = await bus.connected('a', { cursor });
  const heard: unknown[] = [];
  await bus.during(
    first.channel('c').subscribe(({ content }) => {
      heard.push(content);
      return content === 2 ? new Promise(() => undefined) : undefined;
    }),
  );
  for (const content of [1, 2, 3]) bus.server.publish('c', content);
  await bus.timers.advance(10);
  expect(cursor.load('c')).toMatchObject({ sequence: 1 });
  await bus.during(first.close());
  bus.server.publish('c', 4);
  const second = await bus.connected('a', { cursor });
  const again: unknown[] = [];
  await bus.during(second.channel('c').subscribe(({ content }) => again.push(content)));
  await bus.timers.advance(10);
  expect(heard).toEqual([1, 2]);
  expect(again).toEqual([2, 3, 4]);
});

describe('history', () => {
  async function withLog() {
    const bus = new FakeBus();
    const rows = Array.from({ length: 2_500 }, (_, index) => bus.server.publish('c', index + 1));
    return { bus, client: await bus.connected('a'), epoch: rows[0]!.epoch };
  }

  async function read(bus: FakeBus, messages: AsyncIterable<Message>): Promise<unknown[]> {
    const all: unknown[] = [];
    await bus.during(
      (async () => {
        for await (const message of messages) all.push(contentOf(message));
      })(),
    );
    return all;
  }

  test('oldest first after a position, page by page', async () => {
    const { bus, client, epoch } = await withLog();
    const all = await read(bus, client.channel('c').history({ after: { epoch, sequence: 10 } }));
    expect(all).toEqual(Array.from({ length: 2_490 }, (_, index) => index + 11));
    expect(bus.server.frames('history')).toHaveLength(3);
  });

  test('newest first, as many as are wanted', async () => {
    const { bus, client, epoch } = await withLog();
    expect(await read(bus, client.channel('c').history({ limit: 3 }))).toEqual([2_500, 2_499, 2_498]);
    const before = { epoch, sequence: 5 };
    expect(await read(bus, client.channel('c').history({ before }))).toEqual([4, 3, 2, 1]);
  });

  test('goes on over a drop', async () => {
    const { bus, client } = await withLog();
    const loop = client.channel('c').history();
    const all = [(await bus.during(loop.next())).value?.content];
    bus.server.cut(bus.socketOf('a'));
    await bus.timers.advance(1);
    while (all.length < 2_500) all.push((await bus.during(loop.next())).value?.content);
    expect(all).toEqual(Array.from({ length: 2_500 }, (_, index) => 2_500 - index));
  });

  test('says that the position is gone', async () => {
    const { bus, client } = await withLog();
    const reading = read(bus, client.channel('c').history({ after: { epoch: 'other', sequence: 1 } }));
    await expect(reading).rejects.toMatchObject({ code: 'not_recoverable' });
  });
});

describe('direct messages', () => {
  test('arrive in the inbox, also those from before there was a handler', async () => {
    const bus = new FakeBus();
    const alice = await bus.connected('alice');
    const bob = await bus.connected('bob');
    await bus.during(alice.agent('bob').send('early'));
    await bus.timers.advance(10);
    const heard: unknown[] = [];
    await bus.during(
      bob.inbox.subscribe(({ agentId, content, channelId }) => heard.push([agentId, content, channelId])),
    );
    await bus.during(alice.agent('bob').send('late'));
    await bus.timers.advance(10);
    expect(heard).toEqual([
      ['alice', 'early', undefined],
      ['alice', 'late', undefined],
    ]);
  });

  test('survive a drop of the receiver', async () => {
    const bus = new FakeBus();
    const alice = await bus.connected('alice');
    const bob = await bus.connected('bob');
    const heard: unknown[] = [];
    await bus.during(bob.inbox.subscribe(({ content }) => heard.push(content)));
    bus.server.cut(bus.socketOf('bob'));
    await bus.during(alice.agent('bob').send('while away'));
    await bus.timers.advance(5_000);
    expect(heard).toEqual(['while away']);
  });
});

describe('requests', () => {
  test('get the reply of the other agent', async () => {
    const bus = new FakeBus();
    const alice = await bus.connected('alice');
    const bob = await bus.connected('bob');
    const inbox: unknown[] = [];
    await bus.during(alice.inbox.subscribe((message) => inbox.push(message)));
    bob.onRequest((content) => {
      const { a, b } = content as { a: number; b: number };
      return a + b;
    });
    await expect(bus.during(alice.agent('bob').request({ a: 1, b: 2 }))).resolves.toMatchObject({
      content: 3,
      agentId: 'bob',
    });
    expect(inbox).toEqual([]);
  });

  test('fail at once when nobody is there', async () => {
    const bus = new FakeBus();
    const alice = await bus.connected('alice');
    const before = bus.timers.now();
    await expect(bus.during(alice.agent('nobody').request(1))).rejects.toMatchObject({
      code: 'no_responders',
    });
    expect(bus.timers.now() - before).toBeLessThan(100);
  });

  test('fail when the handler throws, and when it is too slow', async () => {
    const bus = new FakeBus();
    const alice = await bus.connected('alice');
    const bob = await bus.connected('bob');
    bob.onRequest((content) => {
      if (content === 'throw') throw new RequestError('out of apples');
      return new Promise(() => undefined);
    });
    await expect(bus.during(alice.agent('bob').request('throw'))).rejects.toMatchObject({
      code: 'request_failed',
      message: 'out of apples',
    });
    await expect(bus.during(alice.agent('bob').request('wait', { timeout: 500 }))).rejects.toMatchObject({
      code: 'timeout',
    });
  });

  test('are answered though the asking agent is cut off meanwhile', async () => {
    const bus = new FakeBus();
    const alice = await bus.connected('alice');
    const bob = await bus.connected('bob');
    let answer: (value: unknown) => void = () => undefined;
    bob.onRequest(() => new Promise((resolve) => (answer = resolve)));
    const reply = alice.agent('bob').request('?');
    await bus.timers.advance(100);
    bus.server.cut(bus.socketOf('alice'));
    answer('!');
    await expect(bus.during(reply)).resolves.toMatchObject({ content: '!' });
  });

  test('without a handler are messages like others', async () => {
    const bus = new FakeBus();
    const alice = await bus.connected('alice');
    const bob = await bus.connected('bob');
    const heard: unknown[] = [];
    await bus.during(bob.inbox.subscribe(({ content, expectsReply }) => heard.push([content, expectsReply])));
    const request = alice.agent('bob').request('?', { timeout: 100 });
    await expect(bus.during(request)).rejects.toMatchObject({ code: 'timeout' });
    expect(heard).toEqual([['?', true]]);
  });
});

describe('presence', () => {
  const agent = (agent_id: string, version: number, status = 'online') => ({
    agent_id,
    version,
    status,
    capabilities: ['x'],
  });

  test('one’s own is set, and said again with every new connection', async () => {
    const bus = new FakeBus();
    const client = await bus.connected('a', { presence: { capabilities: ['translate'] } });
    await bus.during(client.presence.set({ status: 'busy' }));
    bus.server.cut(bus.socketOf('a'));
    await bus.timers.advance(5_000);
    expect(bus.server.frames('presence')).toMatchObject([{ status: 'busy' }]);
    expect(bus.server.frames('hello')).toMatchObject([
      { capabilities: ['translate'] },
      { capabilities: ['translate'], status: 'busy' },
    ]);
  });

  test('of others is asked for page by page', async () => {
    const bus = new FakeBus();
    bus.server.script = ({ type, query }) =>
      type !== 'presence'
        ? undefined
        : (query as { after?: string }).after === undefined
          ? { type: 'PRESENCE', agents: [agent('a', 1)], next: 'p2' }
          : { type: 'PRESENCE', agents: [agent('b', 2, 'offline')] };
    const client = await bus.connected('a');
    const found: string[] = [];
    const asking = (async () => {
      for await (const { agentId, status, capabilities } of client.presence.query({ capability: 'x' })) {
        found.push(`${agentId} ${status} ${capabilities.join()}`);
      }
    })();
    await bus.during(asking);
    expect(found).toEqual(['a online x', 'b offline x']);
    expect(bus.server.frames('presence')[0]).toMatchObject({ query: { capability: 'x' } });
  });

  test('events come by version, and a question after a drop gives what was missed', async () => {
    const bus = new FakeBus();
    let agents = [agent('b', 5)];
    bus.server.script = ({ type }) => (type === 'presence' ? { type: 'PRESENCE', agents } : undefined);
    const client = await bus.connected('a');
    const heard: string[] = [];
    await bus.during(
      client.presence.subscribe(({ agentId, status, version }) =>
        heard.push(`${agentId} ${status} ${version}`),
      ),
    );
    const event = (version: number, status: string): void => {
      const content = { status, version, capabilities: [], reason: 'changed' };
      bus.server.publish('$presence', content, { agent_id: 'b', type: 'presence', ephemeral: true });
    };
    event(7, 'busy');
    event(6, 'idle');
    await bus.timers.advance(10);
    agents = [agent('b', 9, 'offline')];
    bus.server.cut(bus.socketOf('a'));
    await bus.timers.advance(5_000);
    expect(heard).toEqual(['b online 5', 'b busy 7', 'b offline 9']);
  });
});

test('a channel that the WELCOME refuses is not unsubscribed from', async () => {
  const bus = new FakeBus();
  bus.server.forbidden.add('secret');
  const client = bus.client('a');
  const subscribing = client.channel('secret').subscribe(() => undefined);
  await expect(bus.during(subscribing)).rejects.toMatchObject({ code: 'forbidden' });
  await bus.timers.advance(100);
  expect(bus.server.frames('hello')).toMatchObject([{ resume: [{}, { channel_id: 'secret' }] }]);
  expect(bus.server.frames('unsubscribe')).toEqual([]);
});

test('an agent follows more channels than one hello or one ping can name', async () => {
  const bus = new FakeBus();
  const client = bus.client('a');
  const heard = new Set<string>();
  const names = Array.from({ length: 100 }, (_, index) => `c${index}`);
  const subscribing = names.map((name) => client.channel(name).subscribe(() => heard.add(name)));
  await bus.during(client.connect());
  await bus.during(Promise.all(subscribing));
  expect((bus.server.frames('hello')[0]?.resume as unknown[]).length).toBe(100);
  bus.server.faults = { ...bus.server.faults, losesPost: () => true };
  for (const name of names) bus.server.publish(name, 1);
  await bus.timers.advance(550_000);
  expect(heard.size).toBe(100);
  expect(bus.server.frames('ping').every(({ channels }) => (channels as unknown[]).length <= 20)).toBe(true);
});
