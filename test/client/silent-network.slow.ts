/**
 * Connections that go silent under a client on real sockets and real timers: after a hint of the platform, and after the process was
 * stopped as a sleeping machine stops it. `npm run test:silence`, about 30 s: ten of them are the sleep.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import WebSocket from 'ws';
import { PubSub } from '../../client/index';
import { Bus, fresh } from '../helpers/bus';
import { fakePage } from '../helpers/page';
import { startTcpProxy, type TcpProxy } from '../helpers/tcp-proxy';

jest.setTimeout(90_000);

const replacedMs = 10_000;
/** Over the lateness of a timer that counts as a sleep, which is 10 s. */
const sleepMs = 15_000;
/** Without anything that has come for so long, a hint asks. */
const quietMs = 5_000;

let bus: Bus;
let proxy: TcpProxy;

beforeAll(async () => {
  bus = await Bus.start();
}, 120_000);

beforeEach(async () => {
  proxy = await startTcpProxy(Number(new URL(bus.baseUrls.edge).port));
});

afterEach(() => proxy.close());

afterAll(() => bus.stop());

const url = (): string => bus.baseUrls.edge.replace(/:\d+/, `:${proxy.port}`);

test('a connection that goes silent is replaced within 10 s of a hint, and nothing is lost', async () => {
  const page = fakePage();
  const who = { tenant: fresh('t'), agent: 'a' };
  const opened: number[] = [];
  class Counted extends WebSocket {
    constructor(address: string, protocols?: string[]) {
      super(address, protocols);
      this.on('open', () => opened.push(Date.now()));
    }
  }
  const client = new PubSub({ url: url(), token: () => bus.token(who), WebSocket: Counted });
  try {
    await client.connect();
    const messages = client.channel('c').messages();
    const first = messages.next();
    await client.channel('c').publish('before');
    await first;
    proxy.blackhole();
    await pause(quietMs);
    const other = await bus.connect({ ...who, agent: 'b' }, { channel: 'c' });
    other.send({ id: fresh('m'), content: 'meanwhile' });
    const hintedAt = Date.now();
    page.tell('online');
    expect((await messages.next()).value).toMatchObject({ content: 'meanwhile' });
    expect(opened).toHaveLength(2);
    expect(opened[1]! - hintedAt).toBeLessThanOrEqual(replacedMs);
  } finally {
    await client.close();
    page.remove();
    await bus.hangUp();
  }
});

test('a process that was stopped for 15 s replaces its dead connection within 10 s', async () => {
  const token = await bus.token({ tenant: fresh('t'), agent: 'sleeper' });
  const script = path.join(__dirname, 'sleeper.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    env: { ...process.env, BUS_URL: url(), BUS_TOKEN: token },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  try {
    expect((await lines.next()).value).toBe('open');
    proxy.blackhole();
    child.kill('SIGSTOP');
    await pause(sleepMs);
    const wokenAt = Date.now();
    child.kill('SIGCONT');
    expect((await lines.next()).value).toBe('open');
    expect(Date.now() - wokenAt).toBeLessThanOrEqual(replacedMs);
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});
