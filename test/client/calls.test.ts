/**
 * Every call ends: it connects by itself, is refused when its arguments can't work, or gives up when it said it would.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import WebSocket from 'ws';
import { PubSub, type PubSubOptions } from '../../clients/javascript/index';
import { withoutSecrets } from '../../clients/javascript/connection/secrets';
import { FakeBus } from '../helpers/fake-bus';

beforeEach(() => {
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const calls: readonly (readonly [string, (client: PubSub) => Promise<unknown>])[] = [
  ['publish', (client) => client.channel('c').publish(1)],
  ['send', (client) => client.agent('b').send(1)],
  ['subscribe', (client) => client.channel('c').subscribe(() => undefined)],
  ['inbox.subscribe', (client) => client.inbox.subscribe(() => undefined)],
  ['history', (client) => client.channel('c').history().next()],
  ['presence.set', (client) => client.presence.set({ status: 'busy' })],
  ['presence.query', (client) => client.presence.query().next()],
  ['presence.subscribe', (client) => client.presence.subscribe(() => undefined)],
];

describe.each(calls)('%s', (name, call) => {
  test('connects when nothing has', async () => {
    const bus = new FakeBus();
    const client = bus.client('a');
    await bus.during(call(client));
    expect(client.state).toBe('connected');
  });

  test('ends without a service, and says why there is no connection', async () => {
    const bus = new FakeBus();
    bus.server.refuse = 503;
    const limitMs = name === 'publish' || name === 'send' ? 9 * 60_000 : 60_000;
    await expect(bus.during(call(bus.client('a')), limitMs + 1_000)).rejects.toMatchObject({
      code: 'timeout',
    });
  });

  test('rejects when the client is closed, before it was connected and after', async () => {
    const bus = new FakeBus();
    const [fresh, used] = [bus.client('a'), await bus.connected('b')];
    await bus.during(Promise.all([fresh.close(), used.close()]));
    await expect(bus.during(call(fresh))).rejects.toMatchObject({ code: 'closed' });
    await expect(bus.during(call(used))).rejects.toMatchObject({ code: 'closed' });
  });
});

// The inbox is subscribed with the first connection, so nothing is left to be waited for.
test.each(calls.filter(([name]) => name !== 'inbox.subscribe'))(
  '%s ends when a client that was connected loses its service',
  async (_, call) => {
    const bus = new FakeBus();
    const client = await bus.connected('a');
    bus.server.refuse = 503;
    bus.server.cut(bus.socketOf('a'));
    await bus.timers.advance(10);
    await expect(bus.during(call(client), 9 * 60_000 + 1_000)).rejects.toMatchObject({ code: 'timeout' });
  },
);

test('connect ends after the time that is given, and the client goes on', async () => {
  const bus = new FakeBus();
  bus.server.refuse = 503;
  const client = bus.client('a');
  await expect(bus.during(client.connect({ timeout: 3_000 }))).rejects.toMatchObject({
    code: 'timeout',
    cause: { code: 'unavailable' },
  });
  bus.server.refuse = undefined;
  await bus.during(client.connect());
});

test.each<[string, (client: PubSub, signal: AbortSignal) => Promise<unknown>]>([
  ['connect', (client, signal) => client.connect({ signal })],
  ['request', (client, signal) => client.agent('b').request(1, { signal })],
  ['subscribe', (client, signal) => client.channel('c').subscribe(() => undefined, { signal })],
  ['history', (client, signal) => client.channel('c').history({ signal }).next()],
  ['messages', (client, signal) => client.channel('c').messages({ signal }).next()],
])('%s ends with the reason of its signal', async (_, call) => {
  const bus = new FakeBus();
  bus.server.refuse = 503;
  const client = bus.client('a');
  const reason = new Error('enough');
  const controller = new AbortController();
  const pending = expect(call(client, controller.signal)).rejects.toBe(reason);
  await bus.timers.advance(100);
  controller.abort(reason);
  await pending;
  await expect(call(client, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test('a signal ends a loop that waits, and a subscription', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const controller = new AbortController();
  const { signal } = controller;
  const heard: unknown[] = [];
  await bus.during(client.channel('c').subscribe(({ content }) => heard.push(content), { signal }));
  const next = expect(client.channel('d').messages({ signal }).next()).rejects.toMatchObject({
    name: 'AbortError',
  });
  await bus.timers.advance(100);
  controller.abort();
  await next;
  await bus.timers.advance(100);
  bus.server.publish('c', 1);
  await bus.timers.advance(100);
  expect(heard).toEqual([]);
  expect(bus.server.frames('unsubscribe')).toHaveLength(2);
});

test('a signal ends a loop over the log, also in the middle of a page and at its last message', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  for (const content of [1, 2, 3]) bus.server.publish('c', content);
  for (const last of [1, 3]) {
    const controller = new AbortController();
    const read: unknown[] = [];
    const loop = (async () => {
      for await (const { content } of client.channel('c').history({ signal: controller.signal })) {
        read.push(content);
        if (read.length === last) controller.abort();
      }
    })();
    await expect(bus.during(loop)).rejects.toMatchObject({ name: 'AbortError' });
    expect(read).toHaveLength(last);
  }
});

test('a signal that aborts together with the answer ends the subscription', async () => {
  for (let hops = 0; hops < 10; hops++) {
    const bus = new FakeBus();
    const client = await bus.connected('a');
    const controller = new AbortController();
    const heard: unknown[] = [];
    bus.server.heard = () => {
      let left = hops;
      const hop = (): void => {
        if (left-- > 0) queueMicrotask(hop);
        else controller.abort();
      };
      hop();
    };
    const { signal } = controller;
    const subscribed = client.channel('c').subscribe(({ content }) => heard.push(content), { signal });
    subscribed.catch(() => undefined);
    await bus.timers.advance(10);
    expect(signal.aborted).toBe(true);
    bus.server.publish('c', 1);
    await bus.timers.advance(10);
    expect(heard).toEqual([]);
    expect(bus.server.frames('unsubscribe')).toHaveLength(1);
  }
});

test('a loop that waits for a message ends with its `return`', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const loop = client.channel('c').messages();
  const next = loop.next();
  await bus.timers.advance(10);
  const ends = Promise.all([next, loop.return()]);
  await expect(bus.during(ends, 100)).resolves.toEqual([
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
  await bus.timers.advance(10);
  expect(bus.server.frames('unsubscribe')).toHaveLength(1);
});

describe('the constructor says what to write for', () => {
  const right: PubSubOptions = { url: 'wss://host/v1', token: 'secret-token', WebSocket };
  test.each<[string, Record<string, unknown>]>([
    ['"url"', { url: undefined }],
    ['"url"', { url: '' }],
    ['"url"', { url: 'host/v1' }],
    ['"url"', { url: 'http://host' }],
    ['"url"', { url: 'wss://host:PORT' }],
    ['"url"', { url: 'wss://host/ws' }],
    ['"url"', { url: 'wss://host/v1/ws/' }],
    ['"url"', { url: 'wss://host?token=secret-token' }],
    ['"url"', { url: 'wss://host#x' }],
    ['"url"', { url: new URL('wss://host') }],
    ['"observer"', { observer: 'yes' }],
    ['"url" must be wss://', { url: 'ws://bus.example.com' }],
    ['"url" must be wss://', { url: 'ws://localhost.example.com' }],
    ['"url" must be wss://', { url: 'ws://127.0.0.1.example.com' }],
    ['"allowInsecure"', { allowInsecure: 1 }],
    ['"token"', { token: undefined }],
    ['"token"', { token: 7 }],
    ['"token"', { token: '' }],
    ['"token"', { token: 'Bearer secret-token' }],
    ['"token"', { token: 'secret-token\n' }],
    ['"WebSocket"', { WebSocket: { default: WebSocket } }],
    ['"WebSocket"', { WebSocket: () => undefined }],
    ['"cursor.load"', { cursor: {} }],
    ['"baseMs"', { backoff: { baseMs: Number.NaN } }],
    ['"maxMessages"', { queue: { maxMessages: '5' } }],
    ['"echo"', { echo: 'no' }],
    ['"status"', { presence: { status: 'offline' } }],
  ])('%s: %p', (name, options) => {
    let message = '';
    try {
      new PubSub({ ...right, ...options });
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(message).toContain(name);
    expect(message).not.toContain('secret-token');
  });

  test('a WebSocket that is no class: what to install and what to import', () => {
    expect(() => new PubSub({ ...right, WebSocket: { default: WebSocket } as never })).toThrow(
      '"WebSocket" must be a class: npm install ws, then import WebSocket from "ws"',
    );
  });

  test('nothing when all is right', () => {
    expect(new PubSub(right).state).toBe('disconnected');
    for (const host of ['localhost:8787', 'bus.localhost', '127.0.0.1:8787', '127.1.2.3', '[::1]:8787'])
      expect(new PubSub({ ...right, url: `ws://${host}/v1` }).state).toBe('disconnected');
    const insecure = { ...right, url: 'ws://bus.example.com', allowInsecure: true };
    expect(new PubSub(insecure).state).toBe('disconnected');
  });
});

test.each<[string, Record<string, unknown>]>([
  ['a number', { id: 7 }],
  ['too long', { id: 'x'.repeat(129) }],
  ['half a character', { id: 'a\ud800' }],
  ['a type that is a control frame’s', { type: 'ping' }],
  ['a type in capitals', { type: 'ACK' }],
  ['metadata that is a list', { metadata: [1] }],
  ['an echo that is a text', { echo: 'no' }],
])('a publish with an odd option (%s) is refused and keeps nobody waiting', async (_, options) => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const odd = expect(client.channel('c').publish('odd', options)).rejects.toMatchObject({
    code: 'invalid_message',
  });
  await expect(bus.during(client.channel('c').publish('good'))).resolves.toMatchObject({ sequence: 1 });
  await odd;
});

test('options that are null are refused with a sentence', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const sentence = '"options" must be an object';
  expect(() => new PubSub(null as never)).toThrow(sentence);
  await expect(client.channel('c').publish('odd', null as never)).rejects.toThrow(sentence);
  await expect(client.presence.set(null as never)).rejects.toThrow(sentence);
});

test('extra fields with a toJSON of their own do not take the place of the message', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  await bus.during(client.channel('c').publish('x', { extra: { toJSON: () => 'text', mine: 1 } }));
  expect(bus.server.frames('message')).toMatchObject([{ content: 'x', mine: 1 }]);
});

test('a query that is not JSON is refused, and the connection stays', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const query = client.presence.query({ agentId: 10n } as never).next();
  await expect(bus.during(query)).rejects.toMatchObject({ code: 'invalid_message' });
  await bus.timers.advance(60_000);
  expect(bus.server.handshakes).toBe(1);
});

test('the first failure is one line on the console when nobody listens', async () => {
  const bus = new FakeBus();
  bus.server.refuse = 503;
  void bus.client('a').connect();
  await bus.timers.advance(30_000);
  expect(jest.mocked(console.warn).mock.calls).toEqual([
    [expect.stringMatching(/503.*; trying again in \d+ ms$/)],
  ]);
});

describe('a handshake that fails', () => {
  async function failureOf(status: number, headers: Record<string, string> = {}): Promise<unknown> {
    const server = createServer().on('upgrade', (_, socket) => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.end(`HTTP/1.1 ${status} x\r\n${lines.join('')}content-length: 0\r\n\r\n`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = `ws://127.0.0.1:${port}`;
    const client = new PubSub({ url, token: () => 'secret-token', WebSocket, backoff: { maxAttempts: 1 } });
    const error: unknown = await client.connect().catch((reason: unknown) => reason);
    server.close();
    return error;
  }

  test.each<[number, Record<string, string>, string, RegExp]>([
    [200, {}, 'unavailable', /captive portal/],
    [
      301,
      { location: 'https://u:p@x.invalid/?token=secret-token' },
      'unavailable',
      /redirected to another address/,
    ],
    [
      302,
      { location: 'https://x.invalid/?token=secret-token' },
      'unavailable',
      /redirected to https:\/\/x.invalid \(/,
    ],
    [401, {}, 'unauthorized', /401/],
    [403, {}, 'forbidden', /403/],
    [407, {}, 'unavailable', /proxy/],
    [429, { 'retry-after': '60' }, 'rate_limited', /429/],
    [500, {}, 'unavailable', /500/],
  ])('with %s is told by its own words', async (status, headers, code, words) => {
    const error = await failureOf(status, headers);
    expect(error).toMatchObject({ code, cause: { message: `HTTP status ${status}` } });
    expect((error as Error).message).toMatch(words);
    expect((error as Error).message).not.toContain('secret-token');
  });

  test('in a platform that says so with error alone ends there', async () => {
    const bus = new FakeBus();
    class Mute {
      readyState = 0;
      onerror: ((event: object) => void) | null = null;
      constructor(url: string) {
        bus.timers.after(5, () => this.onerror?.({ message: `no way to ${url}` }));
      }
      send(): void {
        throw new Error('never open');
      }
      close(): void {
        this.readyState = 3;
      }
    }
    const client = bus.client('a', {
      WebSocket: Mute,
      token: () => 'secret-token',
      backoff: { maxAttempts: 1 },
    });
    const startedAt = bus.timers.now();
    const error: unknown = await bus.during(client.connect()).catch((reason: unknown) => reason);
    expect(bus.timers.now() - startedAt).toBeLessThan(1_000);
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(String((error as Error).stack) + String((error as { cause?: Error }).cause?.stack)).not.toContain(
      'secret-token',
    );
  });
});

test('errors are shown without query strings and tokens, down their causes', () => {
  const thrown = new Error('bad ws://h/ws?token=abc', {
    cause: new Error('token=abc in eyJhbGciOi.eyJzdWIi.sig'),
  });
  const shown = withoutSecrets(thrown);
  expect([shown.message, (shown.cause as Error).message]).toEqual(['bad ws://h/ws…', '… in …']);
  expect(withoutSecrets("to wss://h/ws?token=opaque'secret").message).toBe('to wss://h/ws…');
  expect(withoutSecrets('token%3DeyJhbGciOi.eyJzdWIi.sig').message).toBe('token%3D…');
  const code = 'https://login/?token=abc';
  expect(withoutSecrets(Object.assign(new Error('x'), { code }))).not.toHaveProperty('code');
  expect(withoutSecrets(Object.assign(new Error('x'), { code: 'EPROTO' }))).toHaveProperty('code', 'EPROTO');
  for (const odd of [null, undefined, 1n, Symbol('s'), {}, 'text'])
    expect(withoutSecrets(odd)).toBeInstanceOf(Error);
});
