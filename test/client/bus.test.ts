/**
 * The client on the laptop gateway, over real sockets.
 */
import WebSocket from 'ws';
import { type Message, PubSub, type PubSubOptions, type Receipt } from '../../clients/javascript/index';
import { ArtCafeWebSocketClient } from '../../clients/javascript/original';
import { fresh, type Who } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
import { CuttableWebSocket } from '../helpers/cuttable-web-socket';
import { useBus } from '../helpers/use-bus';

const bus = useBus();
const clients: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

function clientFor(who: Who, options: Partial<PubSubOptions> = {}): PubSub {
  const client = new PubSub({
    url: bus.baseUrls.edge,
    token: () => bus.token(who),
    WebSocket,
    backoff: { baseMs: 50 },
    ...options,
  });
  clients.push(client);
  return client;
}

async function connected(who: Who, options: Partial<PubSubOptions> = {}): Promise<PubSub> {
  const client = clientFor(who, options);
  await client.connect();
  return client;
}

async function collect(client: PubSub, channel: string): Promise<Message[]> {
  const heard: Message[] = [];
  await client.channel(channel).subscribe((message) => void heard.push(message));
  return heard;
}

const contentsOf = (messages: readonly Message[]): unknown[] => messages.map(({ content }) => content);

test('two agents talk: publish resolves with the sequence, and both hear it', async () => {
  const tenant = fresh('t');
  const [alice, bob] = [
    await connected({ tenant, agent: 'alice' }),
    await connected({ tenant, agent: 'bob' }),
  ];
  const heard = [await collect(alice, 'lobby'), await collect(bob, 'lobby')];
  await expect(
    alice.channel('lobby').publish({ hello: 'world' }, { metadata: { k: 1 } }),
  ).resolves.toMatchObject({
    sequence: 1,
    status: 'accepted',
  });
  await eventually(
    () => heard,
    ([a, b]) => a!.length === 1 && b!.length === 1,
  );
  expect(heard[1]).toMatchObject([
    { agentId: 'alice', content: { hello: 'world' }, metadata: { k: 1 }, sequence: 1 },
  ]);
});

test('agents set their presence, query each other, and receive changes', async () => {
  const tenant = fresh('t');
  const alice = await connected({ tenant, agent: 'alice' });
  const heard: string[] = [];
  await alice.presence.subscribe(({ agentId, status, capabilities, reason = 'asked' }) => {
    heard.push([agentId, status, capabilities.join('+'), reason].join(' '));
  });
  const hears = (news: string) =>
    eventually(
      () => heard,
      (all) => all.includes(news),
    );
  await hears('alice online  asked');

  const bob = await connected(
    { tenant, agent: 'bob' },
    { presence: { status: 'warming up', capabilities: ['translate', 'sum'] } },
  );
  await hears('bob warming up translate+sum changed');
  await bob.presence.set({ status: 'busy' });
  await hears('bob busy translate+sum changed');
  const found: string[] = [];
  for await (const { agentId, status } of alice.presence.query({ capability: 'sum' }))
    found.push(`${agentId} ${status}`);
  expect(found).toEqual(['bob busy']);

  await bob.close();
  await hears('bob offline translate+sum disconnected');
});

test('what a watcher missed while it was cut off it asks for', async () => {
  const tenant = fresh('t');
  const heard: string[] = [];
  const sockets = new CuttableWebSocket();
  const alice = await connected({ tenant, agent: 'alice' }, { WebSocket: sockets.WebSocket });
  await alice.presence.subscribe(({ agentId, status }) => void heard.push(`${agentId} ${status}`));
  const bob = await connected({ tenant, agent: 'bob' }, { presence: { status: 'busy' } });
  await eventually(
    () => heard,
    (all) => all.includes('bob busy'),
  );
  sockets.cut();
  await bob.presence.set({ status: 'idle' });
  await eventually(
    () => heard,
    (all) => all.includes('bob idle'),
  );
});

test('a burst comes in order, in few texts, and the rate limit is obeyed', async () => {
  const tenant = fresh('t');
  const alice = await connected({ tenant, agent: 'alice' });
  const heard = await collect(await connected({ tenant, agent: 'bob' }), 'burst');
  const wanted = Array.from({ length: 160 }, (_, index) => index);
  const receipts = await Promise.all(wanted.map((index) => alice.channel('burst').publish(index)));
  expect(receipts.map(({ sequence }) => sequence)).toEqual(wanted.map((index) => index + 1));
  await eventually(
    () => heard,
    (messages) => messages.length === wanted.length,
  );
  expect(contentsOf(heard)).toEqual(wanted);
});

test('a cut connection is resumed: nothing lost, nothing twice', async () => {
  const tenant = fresh('t');
  const alice = await connected({ tenant, agent: 'alice' });
  const cuttable = new CuttableWebSocket();
  const bob = await connected({ tenant, agent: 'bob' }, { WebSocket: cuttable.WebSocket });
  const heard = await collect(bob, 'lobby');
  for (let index = 0; index < 5; index++) {
    cuttable.cut();
    await alice.channel('lobby').publish(index);
  }
  await eventually(
    () => heard,
    (messages) => messages.length === 5,
  );
  expect(contentsOf(heard)).toEqual([0, 1, 2, 3, 4]);
});

test('own messages are not heard when echo is off', async () => {
  const tenant = fresh('t');
  const alice = await connected({ tenant, agent: 'alice' }, { echo: false });
  const bob = await connected({ tenant, agent: 'bob' });
  const heard = await collect(alice, 'lobby');
  await alice.channel('lobby').publish('mine');
  await bob.channel('lobby').publish('theirs');
  await eventually(
    () => heard,
    (messages) => messages.length > 0,
  );
  expect(contentsOf(heard)).toEqual(['theirs']);
});

test('requests are answered, and fail at once when nobody is there', async () => {
  const tenant = fresh('t');
  const [alice, bob] = [
    await connected({ tenant, agent: 'alice' }),
    await connected({ tenant, agent: 'bob' }),
  ];
  bob.onRequest((content) => `${String(content)}!`);
  await expect(alice.agent('bob').request('hi')).resolves.toMatchObject({ content: 'hi!' });
  await expect(alice.agent('nobody').request('hi')).rejects.toMatchObject({ code: 'no_responders' });
});

test('a direct message to an agent that is away is stored and arrives when it comes', async () => {
  const tenant = fresh('t');
  const alice = await connected({ tenant, agent: 'alice' });
  await expect(alice.agent('bob').send('one')).resolves.toMatchObject({ status: 'stored' });
  await alice.agent('bob').send('two');
  const bob = clientFor({ tenant, agent: 'bob' });
  const heard: unknown[] = [];
  const subscribing = bob.inbox.subscribe(({ content }) => heard.push(content));
  await bob.connect();
  await subscribing;
  await eventually(
    () => heard,
    (messages) => messages.length === 2,
  );
  expect(heard).toEqual(['one', 'two']);
});

/** A client that tries no second time. A busy service may fail its handshake, which is no cut: then another one takes its place. */
async function connectOnce(create: () => PubSub): Promise<void> {
  const attempts = 4;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const error = await create()
      .connect()
      .then(
        () => undefined,
        (reason: unknown) => String(reason),
      );
    if (error?.includes('HTTP status 5') !== true) return;
  }
}

test('stored mail survives a cut after each frame of connect, hello and replay, and a new process', async () => {
  const tenant = fresh('t');
  const alice = await connected({ tenant, agent: 'alice' });
  for (let cutAfter = 0; cutAfter < 5; cutAfter++) {
    const who = { tenant, agent: `bob-${cutAfter}` };
    const wanted = Array.from({ length: 5 }, (_, index) => index);
    // Larger than half a text, so that each is a frame of its own.
    const content = (index: number) => ({ index, text: 'x'.repeat(17_000) });
    await Promise.all(wanted.map((index) => alice.agent(who.agent).send(content(index))));
    const first = { texts: 0, isDead: false };
    const sockets = new CuttableWebSocket(() => {
      if (first.texts++ === cutAfter) {
        first.isDead = true;
        sockets.cut();
      }
      return first.isDead;
    });
    await connectOnce(() => clientFor(who, { WebSocket: sockets.WebSocket, backoff: { maxAttempts: 1 } }));
    await eventually(
      () => first.isDead,
      (is) => is,
    );
    const heard: unknown[] = [];
    const second = clientFor(who);
    void second.inbox.subscribe((message) => heard.push((message.content as { index: number }).index));
    await second.connect();
    await eventually(
      () => heard,
      (all) => all.length === wanted.length,
    );
    expect(heard).toEqual(wanted);
  }
});

test('history is read from both ends', async () => {
  const tenant = fresh('t');
  const alice = await connected({ tenant, agent: 'alice' });
  // One after another: what the service can't take at the moment comes after the others.
  const receipts: Receipt[] = [];
  for (const content of [1, 2, 3, 4]) receipts.push(await alice.channel('log').publish(content));
  const read = async (messages: AsyncIterable<Message>): Promise<unknown[]> => {
    const all: unknown[] = [];
    for await (const { content } of messages) all.push(content);
    return all;
  };
  const after = { epoch: receipts[0]!.epoch!, sequence: 1 };
  expect(await read(alice.channel('log').history({ after }))).toEqual([2, 3, 4]);
  expect(await read(alice.channel('log').history({ limit: 2 }))).toEqual([4, 3]);
});

test('what the token does not allow is told', async () => {
  const tenant = fresh('t');
  const alice = await connected({ tenant, agent: 'alice', channels: ['mine'] });
  await expect(alice.channel('theirs').publish(1)).rejects.toMatchObject({
    code: 'forbidden',
    retryable: false,
  });
  await expect(alice.channel('theirs').subscribe(() => undefined)).rejects.toMatchObject({
    code: 'forbidden',
  });
  await expect(alice.channel('mine').publish(1)).resolves.toMatchObject({ sequence: 1 });
});

test('a plain token that is bad is the end', async () => {
  await expect(clientFor({ tenant: 't', agent: 'a' }, { token: 'bad' }).connect()).rejects.toMatchObject({
    code: 'unauthorized',
  });
});

needs('clock')('the two hours of a connection are over: nothing lost, nothing twice', async () => {
  const tenant = fresh('t');
  const [alice, bob] = [
    await connected({ tenant, agent: 'alice' }),
    await connected({ tenant, agent: 'bob' }),
  ];
  const heard = await collect(bob, 'lobby');
  await alice.channel('lobby').publish('before');
  await bus.inside.gateway.clock.advance(2 * 3_600_000);
  await alice.channel('lobby').publish('after');
  await eventually(
    () => heard,
    (messages) => messages.length === 2,
  );
  expect(contentsOf(heard)).toEqual(['before', 'after']);
});

test('an expiring token is replaced before anybody notices', async () => {
  const tenant = fresh('t');
  const who = { tenant, agent: 'bob', expiresInSeconds: 8 };
  const states: string[] = [];
  let tokens = 0;
  const bob = await connected(who, {
    token: () => {
      tokens += 1;
      return bus.token(who);
    },
  });
  bob.on('state', ({ state }) => states.push(state));
  const heard = await collect(bob, 'lobby');
  const wanted: number[] = [];
  // Publishes are what paces it: the token's life is over after so many of them.
  for (const until = Date.now() + 9_000; Date.now() < until;) {
    wanted.push(wanted.length);
    await bob.channel('lobby').publish(wanted.length - 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await eventually(
    () => heard,
    (messages) => messages.length >= wanted.length,
  );
  expect(contentsOf(heard)).toEqual(wanted);
  expect(states).toEqual([]);
  expect(tokens).toBeGreaterThan(1);
});

describe('the drop-in class', () => {
  const open = async (who: Who, channel: string | null = null): Promise<ArtCafeWebSocketClient> => {
    const client = new ArtCafeWebSocketClient(bus.baseUrls.edge, await bus.token(who), channel, {
      WebSocket,
    });
    clients.push({ close: () => client.disconnect() });
    await client.connect();
    return client;
  };

  test('has the original’s methods: messages with the names of the wire, ACKs from sendMessage', async () => {
    const tenant = fresh('t');
    const [alice, bob] = [
      await open({ tenant, agent: 'alice' }, 'lobby'),
      await open({ tenant, agent: 'bob' }, 'lobby'),
    ];
    const heard: unknown[] = [];
    expect(bob.onMessage((message) => heard.push(message))).toBe(bob);
    await expect(alice.sendMessage('Hello, world!', { importance: 'high' })).resolves.toMatchObject({
      type: 'ACK',
      message_id: expect.any(String),
      timestamp: expect.stringMatching(/Z$/),
    });
    await eventually(
      () => heard,
      (messages) => messages.length === 1,
    );
    expect(heard).toMatchObject([
      {
        type: 'message',
        content: 'Hello, world!',
        metadata: { importance: 'high' },
        agent_id: 'alice',
        tenant_id: tenant,
        channel_id: 'lobby',
      },
    ]);
  });

  test('a handler may answer and wait for the ACK', async () => {
    const tenant = fresh('t');
    const [alice, bob] = [await open({ tenant, agent: 'alice' }), await open({ tenant, agent: 'bob' })];
    const answers: unknown[] = [];
    alice.onMessage((message) => answers.push(message.content));
    bob.onMessage(async ({ agent_id }) => {
      answers.push((await bob.sendMessage('pong', { to: agent_id })).type);
    });
    await alice.sendMessage('ping', { to: 'bob' });
    await eventually(
      () => answers,
      (all) => all.length === 2,
    );
    expect(answers.sort()).toEqual(['ACK', 'pong']);
  });

  test('stays away after disconnect, and says so', async () => {
    const client = await open({ tenant: fresh('t'), agent: 'alice' }, 'lobby');
    await client.disconnect();
    await expect(client.sendMessage('x')).rejects.toThrow('WebSocket is not connected');
  });

  test('rejects with a bad token, and leaves no unhandled rejection', async () => {
    const client = new ArtCafeWebSocketClient(bus.baseUrls.edge, 'bad', 'lobby', { WebSocket });
    await expect(client.connect()).rejects.toMatchObject({ code: 'unauthorized' });
  });
});
