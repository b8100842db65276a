import type { Message, PubSub, PubSubError } from '../../clients/javascript/index';
import { FakeBus } from '../helpers/fake-bus';
import type { FakeSocket } from '../helpers/fake-server';

function contents(): { readonly heard: unknown[]; readonly hear: (message: Message) => void } {
  const heard: unknown[] = [];
  return { heard, hear: ({ content }) => heard.push(content) };
}

function statesOf(client: PubSub): string[] {
  const states: string[] = [];
  client.on('state', ({ state }) => states.push(state));
  return states;
}

test('connects, says hello, and is welcome', async () => {
  const bus = new FakeBus();
  const client = bus.client('a');
  const states = statesOf(client);
  await bus.during(client.connect());
  expect(states).toEqual(['connecting', 'connected']);
  expect(client).toMatchObject({ state: 'connected', agentId: 'a' });
  expect(bus.server.frames('hello')).toMatchObject([
    { client: { name: '@artcafe/pubsub' }, resume: [{ channel_id: '$inbox' }] },
  ]);
});

test('goes on trying without an end, and spreads its tries', async () => {
  const bus = new FakeBus();
  bus.server.refuse = 503;
  const client = bus.client('a');
  const delays: number[] = [];
  client.on('retrying', ({ delayMs }) => delays.push(delayMs));
  const connecting = client.connect({ timeout: Infinity });
  await bus.timers.advance(600_000);
  expect(delays.length).toBeGreaterThan(20);
  expect(Math.max(...delays)).toBeLessThanOrEqual(30_000);
  expect(new Set(delays).size).toBe(delays.length);
  bus.server.refuse = undefined;
  await bus.during(connecting);
});

test('gives up after maxAttempts, when there is one', async () => {
  const bus = new FakeBus();
  bus.server.refuse = 503;
  const client = bus.client('a', { backoff: { maxAttempts: 3 } });
  await expect(bus.during(client.connect())).rejects.toMatchObject({ code: 'unavailable' });
  expect(bus.server.handshakes).toBe(3);
  expect(client.state).toBe('closed');
});

test.each([
  [401, 'unauthorized'],
  [403, 'forbidden'],
])('a plain token that is refused with %s is the end', async (status, code) => {
  const bus = new FakeBus();
  bus.server.refuse = status;
  const client = bus.client('a', { token: 'a' });
  await expect(bus.during(client.connect())).rejects.toMatchObject({ code });
  expect(bus.server.handshakes).toBe(1);
  await expect(client.channel('c').publish(1)).rejects.toMatchObject({ code: 'closed' });
});

test.each([401, 403])(
  'a token function is asked again on %s, and the end is five refusals and 30 s away',
  async (status) => {
    const bus = new FakeBus();
    bus.server.refuse = status;
    let tokens = 0;
    const client = bus.client('a', { token: () => `token-${++tokens}` });
    const startedAt = bus.timers.now();
    await expect(bus.during(client.connect())).rejects.toMatchObject({
      code: status === 401 ? 'unauthorized' : 'forbidden',
    });
    expect(client.state).toBe('closed');
    expect(tokens).toBeGreaterThanOrEqual(5);
    expect(bus.timers.now() - startedAt).toBeGreaterThanOrEqual(30_000);
    expect(bus.timers.now() - startedAt).toBeLessThan(60_000);
    await bus.timers.advance(600_000);
    expect(bus.server.handshakes).toBe(tokens);
  },
);

test('refusals count only in a row', async () => {
  const bus = new FakeBus();
  const client = bus.client('a', { backoff: { baseMs: 10_000, capMs: 10_000 } });
  client.on('retrying', ({ attempt }) => (bus.server.refuse = attempt % 5 === 4 ? 503 : 401));
  bus.server.refuse = 401;
  void client.connect();
  await bus.timers.advance(1_200_000);
  expect(bus.server.handshakes).toBeGreaterThan(50);
  expect(client.state).toBe('connecting');
  await client.close();
});

test('while the old connection lives, no refusal of a new one is the end', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  bus.server.refuse = 401;
  bus.socketOf('a')?.post({ type: 'GOAWAY', code: 'rotate', reason: 'soon', reconnect: true });
  await bus.timers.advance(120_000);
  expect(client.state).toBe('connected');
  expect(bus.server.handshakes).toBeGreaterThan(6);
});

test('a fresh token that is taken makes up for the refused one', async () => {
  const bus = new FakeBus();
  bus.server.refuse = 401;
  const client = bus.client('a', {
    token: () => {
      if (bus.server.handshakes > 0) bus.server.refuse = undefined;
      return 'a';
    },
  });
  await bus.during(client.connect());
  expect(client.state).toBe('connected');
});

test('whether a plain token has expired is for the service to say, whatever the clock of this machine says', async () => {
  const bus = new FakeBus();
  const payload = Buffer.from(JSON.stringify({ exp: 1_000 })).toString('base64url');
  const client = await bus.connected('a', { token: `h.${payload}.s` });
  expect(client.state).toBe('connected');
});

test('a token function that fails is asked again', async () => {
  const bus = new FakeBus();
  let tries = 0;
  const client = bus.client('a', {
    token: () => (++tries < 3 ? Promise.reject(new Error('no network')) : Promise.resolve('a')),
  });
  const told: unknown[] = [];
  client.on('retrying', ({ error }) => told.push(error));
  await bus.during(client.connect());
  const failure = {
    code: 'token_failed',
    message: 'The token function has failed: no network',
    retryable: true,
    cause: { message: 'no network' },
  };
  expect(told).toMatchObject([failure, failure]);
});

test('resumes after a drop: nothing lost, nothing twice, and no handler notices', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const { heard, hear } = contents();
  await bus.during(client.channel('c').subscribe(hear));
  bus.server.publish('c', 1);
  await bus.timers.advance(10);
  bus.server.cut(bus.socketOf('a'));
  bus.server.publish('c', 2);
  bus.server.publish('c', 3);
  await bus.timers.advance(60_000);
  bus.server.publish('c', 4);
  await bus.timers.advance(1_000);
  expect(heard).toEqual([1, 2, 3, 4]);
});

test('a publish survives the drop and is in the log once, though its ACK was lost', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  bus.server.faults = { ...bus.server.faults, losesAnswer: () => true };
  const receipt = client.channel('c').publish('kept');
  await bus.timers.advance(10);
  bus.server.faults = { ...bus.server.faults, losesAnswer: () => false };
  bus.server.cut(bus.socketOf('a'));
  await expect(bus.during(receipt)).resolves.toMatchObject({ sequence: 1 });
  expect(bus.server.log('c').rows).toHaveLength(1);
  expect(bus.server.frames('message')).toMatchObject([{ content: 'kept' }, { content: 'kept', retry: true }]);
});

test('publishes made without a connection wait for it', async () => {
  const bus = new FakeBus();
  const client = bus.client('a');
  const receipts = [1, 2, 3].map((content) => client.channel('c').publish(content));
  await bus.during(client.connect());
  await bus.during(Promise.all(receipts));
  expect(bus.server.log('c').rows.map(({ message }) => message.content)).toEqual([1, 2, 3]);
});

describe('make before break', () => {
  async function replaced(options: { tokenLifeMs?: number }, waitMs: number) {
    const bus = new FakeBus();
    bus.server.tokenLifeMs = options.tokenLifeMs ?? bus.server.tokenLifeMs;
    let tokens = 0;
    const client = await bus.connected('a', {
      token: () => {
        tokens += 1;
        return 'a';
      },
    });
    const { heard, hear } = contents();
    const states = statesOf(client);
    await bus.during(client.channel('c').subscribe(hear));
    const first = bus.socketOf('a');
    let published = 0;
    for (let waited = 0; waited < waitMs; waited += waitMs / 200) {
      await bus.timers.advance(waitMs / 200);
      bus.server.publish('c', ++published);
      await bus.during(client.channel('c').publish(++published));
    }
    await bus.timers.advance(5_000);
    return { bus, heard, states, first, published, tokens };
  }

  test('before the two hours are over', async () => {
    const { bus, heard, states, first, published, tokens } = await replaced({}, 2 * 3_600_000);
    expect(heard).toEqual(Array.from({ length: published }, (_, index) => index + 1));
    expect(states).toEqual([]);
    expect(tokens).toBe(2);
    expect(bus.server.sockets.size).toBe(1);
    expect(bus.socketOf('a')).not.toBe(first);
  });

  test('before the token expires', async () => {
    const { heard, states, published, tokens } = await replaced({ tokenLifeMs: 600_000 }, 1_800_000);
    expect(heard).toEqual(Array.from({ length: published }, (_, index) => index + 1));
    expect(states).toEqual([]);
    expect(tokens).toBeGreaterThanOrEqual(4);
    expect(tokens).toBeLessThanOrEqual(5);
  });

  test('when the service asks for it', async () => {
    const bus = new FakeBus();
    const client = await bus.connected('a');
    const states = statesOf(client);
    const first = bus.socketOf('a');
    first?.post({ type: 'GOAWAY', code: 'rotate', reason: 'soon', reconnect: true });
    await bus.timers.advance(10_000);
    expect(states).toEqual([]);
    expect(bus.socketOf('a')).not.toBe(first);
  });

  test('a publish in flight is answered on the old connection, the next goes out on the new one', async () => {
    const bus = new FakeBus();
    const client = await bus.connected('a');
    const first = bus.socketOf('a');
    const receivers: FakeSocket[] = [];
    let isHeld = true;
    bus.server.script = (frame, socket) => {
      if (frame.content === undefined) return undefined;
      receivers.push(socket);
      return isHeld ? 'silence' : undefined;
    };
    const receipts = [client.channel('c').publish(1), client.channel('c').publish(2)];
    await bus.timers.advance(10);
    first?.post({ type: 'GOAWAY', code: 'rotate', reason: 'soon', reconnect: true });
    await bus.timers.advance(1_500);
    expect(bus.server.sockets.size).toBe(2);
    isHeld = false;
    first?.post({
      type: 'ACK',
      message_id: bus.server.frames('message')[0]?.id,
      status: 'accepted',
      timestamp: '',
    });
    await bus.during(Promise.all(receipts));
    expect(receivers.map((socket) => socket === first)).toEqual([true, false]);
    expect(bus.server.frames('message').map(({ retry }) => retry)).toEqual([undefined, undefined]);
  });

  test('goes on with the old connection while the new one fails', async () => {
    const bus = new FakeBus();
    const client = await bus.connected('a');
    const { heard, hear } = contents();
    await bus.during(client.channel('c').subscribe(hear));
    bus.server.refuse = 503;
    bus.socketOf('a')?.post({ type: 'GOAWAY', code: 'rotate', reason: 'soon', reconnect: true });
    await bus.timers.advance(60_000);
    bus.server.publish('c', 1);
    await bus.timers.advance(100);
    expect(heard).toEqual([1]);
    bus.server.refuse = undefined;
    await bus.timers.advance(60_000);
    expect(bus.server.sockets.size).toBe(1);
    expect(client.state).toBe('connected');
  });
});

test('stays away when it is told to', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const errors: (PubSubError | undefined)[] = [];
  client.on('state', ({ error }) => errors.push(error));
  bus
    .socketOf('a')
    ?.post({ type: 'GOAWAY', code: 'revoked', reason: 'The agent was revoked', reconnect: false });
  await bus.timers.advance(600_000);
  expect(client.state).toBe('closed');
  expect(errors).toMatchObject([{ code: 'revoked', message: 'The agent was revoked' }]);
  expect(bus.server.handshakes).toBe(1);
});

test('with a plain token, ends when it expires', async () => {
  const bus = new FakeBus();
  bus.server.tokenLifeMs = 60_000;
  const client = await bus.connected('a', { token: 'a' });
  await bus.timers.advance(61_000);
  expect(client.state).toBe('closed');
});

test('a peer that is silent is taken for dead', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const first = bus.socketOf('a');
  if (first) first.isSilent = true;
  const receipt = client.channel('c').publish(1);
  await bus.during(receipt);
  expect(bus.socketOf('a')).not.toBe(first);
  expect(client.state).toBe('connected');
});

test('a socket that refuses one text is replaced, and the message is sent on the next one', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const socket = bus.socketOf('a')!;
  const send = socket.send.bind(socket);
  socket.send = () => {
    socket.send = send;
    throw new Error('the buffer is full');
  };
  const receipt = client.channel('c').publish(1);
  await expect(bus.during(receipt)).resolves.toMatchObject({ status: 'accepted' });
  expect(bus.server.handshakes).toBe(2);
  expect(bus.server.sockets.size).toBe(1);
});

test('waits that can not be held by the platform are not short ones', async () => {
  const bus = new FakeBus();
  bus.server.refuse = 503;
  const delays: number[] = [];
  const client = bus.client('a', { backoff: { baseMs: Infinity, capMs: Infinity } });
  client.on('retrying', ({ delayMs }) => delays.push(delayMs));
  void client.connect();
  await bus.timers.advance(10);
  expect(delays).toHaveLength(1);
  expect(delays[0]).toBeLessThanOrEqual(24 * 86_400_000);
});

test('a WELCOME that does not come is a failed try', async () => {
  const bus = new FakeBus();
  let isDeaf = true;
  bus.server.script = ({ type }) => (type === 'hello' && isDeaf ? 'silence' : undefined);
  const client = bus.client('a');
  const connecting = client.connect();
  await bus.timers.advance(15_000);
  isDeaf = false;
  await bus.during(connecting);
  expect(bus.server.handshakes).toBeGreaterThan(1);
});

test('a mass drop does not bring all back at once', async () => {
  const bus = new FakeBus(3);
  const clients = Array.from({ length: 50 }, (_, index) => bus.client(`a${index}`));
  await bus.during(Promise.all(clients.map((client) => client.connect())));
  const arrivals: number[] = [];
  const dropped = bus.timers.now();
  for (const client of clients) {
    client.on('state', ({ state }) => {
      if (state === 'connected') arrivals.push(bus.timers.now() - dropped);
    });
  }
  for (const socket of bus.server.sockets) bus.server.cut(socket);
  await bus.timers.advance(5_000);
  expect(arrivals).toHaveLength(50);
  const perTenth = Array.from(
    { length: 10 },
    (_, tenth) => arrivals.filter((ms) => Math.floor(ms / 100) === tenth).length,
  );
  expect(Math.max(...perTenth)).toBeLessThanOrEqual(15);
});

test('close ends everything, and no timer is left', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const reading = (async () => {
    const seen: unknown[] = [];
    for await (const { content } of client.channel('c')) seen.push(content);
    return seen;
  })();
  await bus.timers.advance(100);
  bus.server.publish('c', 1);
  await bus.timers.advance(100);
  const receipt = client.channel('c').publish(2, { echo: false });
  await bus.during(client.close());
  await expect(receipt).resolves.toMatchObject({ sequence: 2 });
  await expect(reading).resolves.toEqual([1]);
  await bus.timers.advance(10_000);
  expect(bus.timers.waiting).toBe(0);
  expect(bus.server.sockets.size).toBe(0);
  await expect(client.connect()).rejects.toMatchObject({ code: 'closed' });
});
