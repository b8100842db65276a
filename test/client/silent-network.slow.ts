/**
 * Connections that go silent under a client on real sockets and real timers: after a hint of the platform, without one, and after
 * the process or the service was stopped as a sleeping machine stops them. `npm run suite silence`, two minutes: most of it is waiting.
 */
import { setTimeout as pause } from 'node:timers/promises';
import WebSocket from 'ws';
import { PubSub, type PubSubOptions } from '../../clients/javascript/index';
import { runCommand, startCommand } from '../bin/run-command';
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { fakePage, type FakePage } from '../helpers/page';
import { startTcpProxy, type TcpProxy } from '../helpers/tcp-proxy';
import { useBus } from '../helpers/use-bus';
import { type Sleeper, startSleeper } from './sleeping-process';

const replacedMs = 10_000;
/** Over the lateness of a timer that counts as a sleep, which is 10 s. */
const sleepMs = 15_000;
/** Without anything that has come for so long, a hint asks. */
const quietMs = 5_000;
const heartbeatMs = 2_000;
/** For the end of a process whose client is closed: what it waits for, and what Node takes on a busy machine. */
const exitMs = 10_000;

const bus = useBus();
let proxy: TcpProxy;
let page: FakePage;
/** Of the test. */
let client: PubSub | undefined;
let sleeper: Sleeper | undefined;

beforeEach(async () => {
  proxy = await startTcpProxy(Number(new URL(bus.baseUrls.edge).port));
  page = fakePage();
});

afterEach(async () => {
  sleeper?.kill('SIGKILL');
  await Promise.all([client?.close(), sleeper?.exit, bus.hangUp()]);
  client = undefined;
  sleeper = undefined;
  page.remove();
  await proxy.close();
});

const url = (): string => bus.baseUrls.edge.replace(/:\d+/, `:${proxy.port}`);

interface Connected {
  /** Contents of the channel `c`. */
  readonly heard: unknown[];
  /** When its next connection is there. */
  readonly again: () => Promise<number>;
}

async function connected(options: PubSubOptions): Promise<Connected> {
  const made = new PubSub({ ...options, WebSocket });
  client = made;
  const heard: unknown[] = [];
  await made.channel('c').subscribe(({ content }) => heard.push(content));
  return {
    heard,
    again: () =>
      new Promise((resolve) => {
        made.on('state', ({ state }) => {
          if (state === 'connected') resolve(Date.now());
        });
      }),
  };
}

const hears = (heard: unknown[], content: string): Promise<unknown[]> =>
  eventually(
    () => heard,
    (contents) => contents.includes(content),
  );

async function publishAsOther(tenant: string, contents: readonly string[], to?: string): Promise<void> {
  const other = await bus.connect({ tenant, agent: 'other' }, { level: 1 });
  for (const content of contents) {
    const address = to === undefined ? { channel_id: 'c' } : { to };
    const ack = await other.request({ type: 'message', id: fresh('m'), content, ...address });
    expect(ack.type).toBe('ACK');
  }
}

test.each(['online', 'pageshow', 'visibilitychange'] as const)(
  'a connection that goes silent is replaced within 10 s of %s, and nothing is lost',
  async (hint) => {
    const tenant = fresh('t');
    const { heard, again } = await connected({
      url: url(),
      token: () => bus.token({ tenant, agent: 'a' }),
    });
    proxy.blackhole();
    await pause(quietMs);
    await publishAsOther(tenant, ['meanwhile']);
    const back = again();
    const hintedAt = Date.now();
    page.tell(hint);
    expect((await back) - hintedAt).toBeLessThanOrEqual(replacedMs);
    expect(await hears(heard, 'meanwhile')).toEqual(['meanwhile']);
  },
);

test('without a hint the heartbeat finds that a connection has gone silent', async () => {
  const tenant = fresh('t');
  const { heard, again } = await connected({
    url: url(),
    token: () => bus.token({ tenant, agent: 'a' }),
    heartbeatMs,
  });
  proxy.blackhole();
  const back = again();
  const silentAt = Date.now();
  await publishAsOther(tenant, ['meanwhile']);
  expect((await back) - silentAt).toBeLessThanOrEqual(heartbeatMs + replacedMs + quietMs);
  expect(await hears(heard, 'meanwhile')).toEqual(['meanwhile']);
});

test('a service that is stopped is noticed within 10 s of a hint, and found again when it goes on', async () => {
  const { child, outcome, said } = startCommand('start.ts', ['--port', '0']);
  try {
    const base = /Base URL +(ws:\S+)/.exec(await said(/npm run connect/))?.[1] ?? '';
    const { stdout: token } = await runCommand('token.ts', ['--tenant', 'demo', '--agent', 'alice']);
    const { heard, again } = await connected({ url: base, token: () => token.trim() });
    child.kill('SIGSTOP');
    await pause(quietMs);
    const lost = new Promise((resolve) => {
      client?.on('state', ({ state }) => {
        if (state === 'connecting') resolve(Date.now());
      });
    });
    const hintedAt = Date.now();
    page.tell('online');
    expect(Number(await lost) - hintedAt).toBeLessThanOrEqual(replacedMs);
    const back = again();
    const continuedAt = Date.now();
    child.kill('SIGCONT');
    expect((await back) - continuedAt).toBeLessThanOrEqual(replacedMs);
    await client?.channel('c').publish('after');
    expect(await hears(heard, 'after')).toEqual(['after']);
  } finally {
    child.kill('SIGCONT');
    child.kill('SIGINT');
    await outcome;
  }
});

describe('a process that is stopped for 15 s', () => {
  const numbers = (word: string): string[] => Array.from({ length: 30 }, (_, index) => `${word} ${index}`);

  test.each(['lives', 'has died'])(
    'gets every message once and in order when its connection %s',
    async (fate) => {
      const tenant = fresh('t');
      const started = await asleep(tenant, fate === 'has died');
      const [channel, direct] = [numbers('channel'), numbers('direct')];
      await publishAsOther(tenant, channel);
      await publishAsOther(tenant, direct, 'sleeper');
      await pause(sleepMs);
      const wokenAt = Date.now();
      started.kill('SIGCONT');
      if (fate === 'has died') {
        await started.until('open');
        expect(Date.now() - wokenAt).toBeLessThanOrEqual(replacedMs);
      }
      await publishAsOther(tenant, ['end'], 'sleeper');
      await publishAsOther(tenant, ['end of the channel']);
      const heard = [...(await started.until('end')), ...(await started.until('end of the channel'))];
      for (const each of [channel, direct]) expect(heard.filter((line) => each.includes(line))).toEqual(each);
    },
  );

  async function asleep(tenant: string, isDead: boolean): Promise<Sleeper> {
    const token = await bus.token({ tenant, agent: 'sleeper' });
    const started = startSleeper({ BUS_URL: url(), BUS_TOKEN: token });
    sleeper = started;
    await started.until('subscribed');
    started.kill('SIGSTOP');
    if (isDead) proxy.blackhole();
    return started;
  }
});

test('a closed client holds no process, though the other side never answers', async () => {
  const token = await bus.token({ tenant: fresh('t'), agent: 'sleeper' });
  const started = startSleeper({ BUS_URL: url(), BUS_TOKEN: token });
  sleeper = started;
  await started.until('subscribed');
  proxy.blackhole();
  const closedAt = Date.now();
  started.kill('SIGTERM');
  await started.exit;
  expect(Date.now() - closedAt).toBeLessThanOrEqual(exitMs);
});
