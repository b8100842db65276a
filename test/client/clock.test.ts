/** The clock of the machine decides nothing: it may be set, and time goes on in a sleep in which timers stand still. */
import type { PubSub, PubSubError } from '../../clients/javascript/index';
import { systemTimers, type Timers } from '../../clients/javascript/shared/timers';
import { FakeBus } from '../helpers/fake-bus';
import { fakePage } from '../helpers/page';

let bus: FakeBus;
/** Time that the machine of the client has slept: its timers did not see it. */
let sleptMs: number;

beforeEach(() => {
  bus = new FakeBus();
  sleptMs = 0;
});

function ownTimers(): Timers {
  const { timers } = bus;
  return {
    now: () => timers.now() - sleptMs,
    date: () => timers.date(),
    random: () => timers.random(),
    after: (delayMs, run) => timers.after(delayMs, run),
  };
}

async function connected(agent: string): Promise<PubSub> {
  const client = bus.client(agent, {}, ownTimers());
  await bus.during(client.connect());
  return client;
}

async function sleep(ms: number): Promise<void> {
  sleptMs += ms;
  await bus.timers.sleep(ms);
}

test('what passes on this platform is not what its clock says', () => {
  const start = systemTimers.now();
  const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000);
  const end = systemTimers.now();
  clock.mockRestore();
  expect(end - start).toBeLessThan(3_000_000);
});

const reply = (client: PubSub, timeout: number): Promise<unknown> =>
  client
    .agent('bob')
    .request('?', { timeout })
    .then(
      ({ content }) => content,
      (error: unknown) => (error as PubSubError).code,
    );

test.each([
  [3_600_000, 'while messages come', true],
  [3_600_000, 'in silence', false],
  [8_000, 'in silence', false],
  [-3_600_000, 'in silence', false],
])('the clock is set by %d ms, %s: requests are answered', async (ms, _, isBusy) => {
  const bob = await connected('bob');
  bob.onRequest(() => 'here');
  await bus.during(bob.channel('c').subscribe(() => undefined));
  const alice = await bus.connected('alice');
  bus.timers.setClock(ms);
  for (let second = 0; second < 12; second++) {
    if (isBusy) bus.server.publish('c', second);
    expect(await bus.during(reply(alice, 5_000))).toBe('here');
    await bus.timers.advance(1_000);
  }
});

test('a request whose time was over while the machine slept is not begun', async () => {
  const bob = await connected('bob');
  const asked: unknown[] = [];
  bob.onRequest((content) => asked.push(content));
  const alice = await bus.connected('alice');
  await bus.timers.advance(20_000);
  void reply(alice, 5_000);
  // It is in the log, and on its way to the answerer.
  await bus.timers.advance(1);
  await sleep(60_000);
  await bus.timers.advance(10_000);
  expect(bus.server.log('$inbox/bob').rows).toHaveLength(1);
  expect(asked).toEqual([]);
});

test('requests that are late for another reason than a sleep cost no pings', async () => {
  const bob = await connected('bob');
  bob.onRequest(() => 'here');
  await bus.timers.advance(20_000);
  bus.server.faults = { ...bus.server.faults, delay: () => 3_000 };
  for (const id of ['1', '2', '3'])
    bus.server.accept({ id, to: 'bob', content: '?', expects_reply: true, timeout_ms: 1_000 }, 'alice');
  await bus.timers.advance(20_000);
  expect(bus.server.frames('ping')).toEqual([]);
  expect(bus.server.frames('reply')).toEqual([]);
});

describe('a connection that has died', () => {
  const die = (): void => {
    const socket = bus.socketOf('a');
    if (socket) socket.isSilent = true;
  };

  test('in a sleep in which timers stand still is replaced within 10 s', async () => {
    await connected('a');
    await bus.timers.advance(60_000);
    die();
    await sleep(3_600_000);
    await bus.timers.advance(10_000);
    expect(bus.server.handshakes).toBe(2);
  });

  test('after the clock was set back is replaced within 10 s of a hint', async () => {
    const page = fakePage();
    await connected('a');
    bus.timers.setClock(-3_600_000);
    die();
    page.tell('online');
    await bus.timers.advance(10_000);
    page.remove();
    expect(bus.server.handshakes).toBe(2);
  });

  test('after the clock was set back is found by the next ping', async () => {
    await connected('a');
    bus.timers.setClock(-3_600_000);
    die();
    await bus.timers.advance(9 * 60_000 + 11_000);
    expect(bus.server.handshakes).toBe(2);
  });
});

test.each([600_000, -600_000])(
  'the clock is set by %d ms while a publish and a request wait for a connection: both are sent',
  async (ms) => {
    const bob = await bus.connected('bob');
    bob.onRequest(() => 'here');
    const client = await connected('a');
    bus.server.cut(bus.socketOf('a'));
    await bus.timers.advance(1);
    const receipt = client.channel('c').publish(1);
    const asked = reply(client, 30_000);
    bus.timers.setClock(ms);
    await expect(bus.during(receipt)).resolves.toMatchObject({ status: 'accepted' });
    expect(await bus.during(asked)).toBe('here');
  },
);

test('after a sleep of more than nine minutes, what may be in the log is not sent again', async () => {
  const client = await connected('a');
  bus.server.faults = { ...bus.server.faults, losesAnswer: () => true };
  const unconfirmed = expect(client.channel('c').publish(1)).rejects.toMatchObject({ code: 'unconfirmed' });
  await bus.timers.advance(10);
  bus.server.faults = { ...bus.server.faults, losesAnswer: () => false };
  // Its timers wait for as long as before.
  sleptMs = 600_000;
  bus.timers.setClock(600_000);
  bus.server.cut(bus.socketOf('a'));
  await bus.timers.advance(30_000);
  await unconfirmed;
  expect(bus.server.frames('message')).toHaveLength(1);
});
