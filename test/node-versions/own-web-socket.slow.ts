/**
 * The client on the WebSocket that Node brings, against a laptop gateway and against servers on which a handshake fails. Node 22
 * fires `error` without `close` there: the attempt must end with it, not after its 15 s.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { PubSub, type PubSubEvents } from '../../clients/javascript/index';
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { FakeTimers } from '../helpers/fake-timers';
import { freePort } from '../helpers/processes';
import { startTcpProxy } from '../helpers/tcp-proxy';
import { useBus } from '../helpers/use-bus';

/** Far below the 15 s of an attempt, for a busy machine. */
const atOnceMs = 5_000;

const bus = useBus();

test('this Node has a WebSocket of its own', () => {
  expect(typeof globalThis.WebSocket).toBe('function');
});

test('two agents talk over the gateway', async () => {
  const tenant = fresh('t');
  const agent = (name: string): PubSub =>
    new PubSub({ url: bus.baseUrls.edge, token: () => bus.token({ tenant, agent: name }) });
  const [alice, bob] = [agent('alice'), agent('bob')];
  try {
    bob.onRequest((question) => `You asked: ${String(question)}`);
    await bob.connect();
    const message = new Promise((resolve) => {
      void alice
        .channel('c')
        .subscribe(resolve)
        .then(() => alice.channel('c').publish('hello'));
    });
    await expect(message).resolves.toMatchObject({ content: 'hello' });
    await expect(alice.agent('bob').request('?')).resolves.toMatchObject({ content: 'You asked: ?' });
  } finally {
    await Promise.all([alice.close(), bob.close()]);
  }
});

test('after a drop it is back, and has what was sent meanwhile', async () => {
  const tenant = fresh('t');
  const proxy = await startTcpProxy(Number(new URL(bus.baseUrls.edge).port));
  const url = bus.baseUrls.edge.replace(/:\d+/, `:${proxy.port}`);
  const client = new PubSub({ url, token: () => bus.token({ tenant, agent: 'a' }) });
  const other = await bus.connect({ tenant, agent: 'b' }, { channel: 'c' });
  try {
    const received: unknown[] = [];
    await client.channel('c').subscribe(({ content }) => received.push(content));
    const dropped = new Promise((resolve) => client.on('retrying', resolve));
    proxy.cut();
    await dropped;
    await other.request({ type: 'message', content: 'meanwhile' });
    await client.channel('c').publish('after');
    await eventually(
      () => received,
      (contents) => contents.includes('after'),
    );
    expect(received).toEqual(['meanwhile', 'after']);
  } finally {
    await client.close();
    await proxy.close();
    await bus.hangUp();
  }
});

/** The first failure of a client, and how long it took. */
async function firstFailure(url: string): Promise<PubSubEvents['retrying'] & { readonly ms: number }> {
  const client = new PubSub({ url, token: 'no-token-at-all' });
  const startedAt = Date.now();
  try {
    return await new Promise((resolve) => {
      client.on('retrying', (event) => {
        resolve({ ...event, ms: Date.now() - startedAt });
      });
      client.connect().catch(() => undefined);
    });
  } finally {
    await client.close();
  }
}

interface Serving {
  readonly port: number;
  close(): void;
}

/** `serve`: what the server does with a connection. What it has taken ends with it, as it would hold the process. */
async function serving(serve: (socket: Socket) => void): Promise<Serving> {
  const taken = new Set<Socket>();
  const server = createServer((socket) => {
    taken.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of taken) socket.destroy();
    },
  };
}

describe('an attempt ends at once', () => {
  test('on a handshake that is refused with 401', async () => {
    const { error, ms } = await firstFailure(bus.baseUrls.edge);
    expect(error.code).toBe('unavailable');
    expect(ms).toBeLessThan(atOnceMs);
  });

  test('on a port where nobody listens', async () => {
    const { error, ms } = await firstFailure(`ws://127.0.0.1:${await freePort()}`);
    expect(error.code).toBe('unavailable');
    expect(ms).toBeLessThan(atOnceMs);
  });

  test('on TLS to a plain port', async () => {
    const server = await serving((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    try {
      const { error, ms } = await firstFailure(`wss://127.0.0.1:${server.port}`);
      expect(error.code).toBe('unavailable');
      expect(ms).toBeLessThan(atOnceMs);
    } finally {
      server.close();
    }
  });
});

test('a server that never answers is given up after 15 s, and its socket is closed', async () => {
  const timers = new FakeTimers(1);
  let taken: (socket: Socket) => void = () => undefined;
  const connected = new Promise<Socket>((resolve) => (taken = resolve));
  const server = await serving((socket) => {
    socket.resume();
    taken(socket);
  });
  const client = new PubSub({ url: `ws://127.0.0.1:${server.port}`, token: 't' }, timers);
  try {
    const failed = new Promise<PubSubEvents['retrying']>((resolve) => client.on('retrying', resolve));
    client.connect().catch(() => undefined);
    const socket = await connected;
    const closed = once(socket, 'close');
    await timers.advance(15_000);
    expect((await failed).error.code).toBe('timeout');
    await closed;
  } finally {
    void client.close();
    await timers.advance(10_000);
    server.close();
  }
});
