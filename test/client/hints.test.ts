/**
 * A connection that died without a word, and what makes the client look: hints of the platform, a machine that slept.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket as ServedSocket, WebSocketServer } from 'ws';
import type { PubSub } from '../../clients/javascript/index';
import { systemTimers } from '../../clients/javascript/shared/timers';
import { FakeBus } from '../helpers/fake-bus';
import { fakePage, type FakePage } from '../helpers/page';

let page: FakePage;
let bus: FakeBus;

beforeEach(() => {
  page = fakePage();
  bus = new FakeBus();
});

afterEach(() => {
  page.remove();
});

const pings = (): number => bus.server.frames('ping').length;

/** Connected for a minute, with a connection that carries nothing any more when `isDead`. */
async function settledClient(isDead: boolean): Promise<PubSub> {
  const client = await bus.connected('a');
  await bus.timers.advance(60_000);
  const socket = bus.socketOf('a');
  if (isDead && socket !== undefined) socket.isSilent = true;
  return client;
}

describe.each(['online', 'offline', 'pageshow', 'visibilitychange'] as const)('%s', (hint) => {
  test('asks once whether the connection lives, and keeps one that does', async () => {
    await settledClient(false);
    const socket = bus.socketOf('a');
    page.tell(hint);
    page.tell(hint);
    await bus.timers.advance(60_000);
    expect(pings()).toBe(1);
    expect(bus.socketOf('a')).toBe(socket);
  });

  test('replaces a dead connection within 10 s', async () => {
    const client = await settledClient(true);
    const socket = bus.socketOf('a');
    page.tell(hint);
    await bus.timers.advance(10_000);
    expect(client.state).toBe('connected');
    expect(bus.socketOf('a')).not.toBe(socket);
  });

  test('costs nothing when something has just come', async () => {
    await settledClient(false);
    bus.socketOf('a')?.post({ type: 'message', id: '1', content: 1, channel_id: 'c', agent_id: 'b' });
    await bus.timers.advance(4_000);
    page.tell(hint);
    bus.socketOf('a')?.post({ type: 'message', id: '2', content: 2, channel_id: 'c', agent_id: 'b' });
    await bus.timers.advance(30_000);
    expect(pings()).toBe(0);
  });

  test('replaces a connection that died just after its last message', async () => {
    const client = await settledClient(true);
    const socket = bus.socketOf('a');
    if (socket) socket.isSilent = false;
    socket?.post({ type: 'message', id: '1', content: 1, channel_id: 'c', agent_id: 'b' });
    await bus.timers.advance(10);
    if (socket) socket.isSilent = true;
    page.tell(hint);
    await bus.timers.advance(10_000);
    expect(client.state).toBe('connected');
    expect(bus.socketOf('a')).not.toBe(socket);
  });
});

test('hints that come again and again do not put the end off', async () => {
  const client = await settledClient(true);
  const socket = bus.socketOf('a');
  for (let second = 0; second < 10; second++) {
    page.tell('visibilitychange');
    await bus.timers.advance(1_000);
  }
  expect(client.state).toBe('connected');
  expect(bus.socketOf('a')).not.toBe(socket);
});

test('a page that is being hidden is no reason to look', async () => {
  await settledClient(false);
  page.document.visibilityState = 'hidden';
  page.tell('visibilitychange');
  await bus.timers.advance(60_000);
  expect(pings()).toBe(0);
});

test('without a connection, a hint ends the wait for the next try', async () => {
  bus.server.refuse = 503;
  const client = bus.client('a');
  void client.connect({ timeout: Infinity });
  await bus.timers.advance(300_000);
  const before = bus.server.handshakes;
  bus.server.refuse = undefined;
  page.tell('online');
  await bus.timers.advance(1_100);
  expect(bus.server.handshakes).toBe(before + 1);
  expect(client.state).toBe('connected');
});

test('a handshake that hangs is given up after a hint', async () => {
  // A network that takes SYNs and answers none.
  bus.server.faults = { ...bus.server.faults, delay: () => 1_000_000 };
  const client = bus.client('a');
  void client.connect();
  await bus.timers.advance(1_000);
  bus.server.faults = { ...bus.server.faults, delay: () => 1 };
  page.tell('online');
  await bus.timers.advance(10_000);
  expect(client.state).toBe('connected');
});

describe('a machine that sleeps', () => {
  test.each([15_000, 3_600_000])('%d ms: replaces the dead connection within 10 s', async (ms) => {
    const client = await settledClient(true);
    const socket = bus.socketOf('a');
    await bus.timers.sleep(ms);
    await bus.timers.advance(10_000);
    expect(client.state).toBe('connected');
    expect(bus.socketOf('a')).not.toBe(socket);
  });

  test('keeps a connection that lives', async () => {
    await settledClient(false);
    const socket = bus.socketOf('a');
    await bus.timers.sleep(15_000);
    await bus.timers.advance(60_000);
    expect(pings()).toBe(1);
    expect(bus.socketOf('a')).toBe(socket);
  });

  test('timers of a hidden page, which browsers run once a minute, are no sleep', async () => {
    await settledClient(false);
    page.document.visibilityState = 'hidden';
    for (let minute = 0; minute < 4; minute++) await bus.timers.sleep(60_000);
    expect(pings()).toBe(0);
  });
});

test('a client that has ended listens to nothing', async () => {
  const client = await settledClient(false);
  expect(page.listeners()).toBe(4);
  await bus.during(client.close());
  expect(page.listeners()).toBe(0);
  await bus.timers.advance(10_000);
  expect(bus.timers.waiting).toBe(0);
});

describe('heartbeatMs', () => {
  test('is the time between two pings', async () => {
    await bus.connected('a', { heartbeatMs: 45_000 });
    await bus.timers.advance(181_000);
    expect(pings()).toBe(4);
  });

  test.each([0, 999, 540_001, Infinity, NaN])('%d is refused', (heartbeatMs) => {
    expect(() => bus.client('a', { heartbeatMs })).toThrow('"heartbeatMs" must be 1,000 to 540,000 ms');
  });
});

test('after a blocked event loop, an answer that has come in the meantime counts before the end of the wait', async () => {
  const server = new WebSocketServer({ port: 0 });
  const { default: WebSocket } = await import('ws');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    const [[socket]] = (await Promise.all([once(server, 'connection'), once(client, 'open')])) as [
      [ServedSocket],
      unknown,
    ];
    const order: string[] = [];
    const ended = new Promise<void>((resolve) => {
      systemTimers.after(100, () => {
        order.push('too late');
        resolve();
      });
    });
    const heard = once(client, 'message').then(() => order.push('answer'));
    await new Promise((sent) => {
      socket.send('here', sent);
    });
    const until = Date.now() + 1_500;
    while (Date.now() < until);
    await Promise.all([ended, heard]);
    expect(order).toEqual(['answer', 'too late']);
  } finally {
    client.terminate();
    server.close();
  }
});
