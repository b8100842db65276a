/**
 * Conformance: what happens to connections whose end is not reported (docs/protocol.md, End of a connection).
 */
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
import type { TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';

const bus = useBus();
let tenant: string;

/** Longer than any test moves the clock: only the rule at hand should end a connection. */
const long = { expiresInSeconds: 24 * 3_600 };

beforeEach(() => {
  tenant = fresh('tenant');
});

const withClock = needs('clock');

/** The only schedule there is, at once. */
async function sweep(): Promise<void> {
  const { schedules } = bus.inside.gateway;
  expect(schedules).toHaveLength(1);
  await schedules[0]!.run();
}

/** Moves the clock, and keeps the connections from being closed for their silence. */
async function advance(minutes: number, ...clients: readonly TestClient[]): Promise<void> {
  for (let passed = 0; passed < minutes; passed += 4) {
    await bus.inside.gateway.clock.advance(Math.min(4, minutes - passed) * 60_000);
    await Promise.all(clients.map((client) => client.request({ type: 'ping', id: fresh('ping') })));
  }
}

/** Opens a connection and ends it without a word to anybody. */
async function ghost(agent: string, channel: string): Promise<void> {
  const { faults } = bus.inside.gateway;
  const client = await bus.connect({ tenant, agent, ...long }, { channel, level: 1 });
  await client.request({ type: 'subscribe', channel_id: `${channel}-too` });
  faults.disconnect.lose = 1;
  try {
    await client.terminate();
    await eventually(
      () => bus.inside.gateway.connections().length,
      (count) => count === 1,
    );
  } finally {
    faults.disconnect.lose = 0;
  }
}

withClock('END-5 an end that is never reported is found without any message', async () => {
  const { tables } = bus.inside;
  const watcher = await bus.connect({ tenant, agent: 'watcher', ...long }, { level: 1 });
  await watcher.request({ type: 'subscribe', channel_id: '$presence' });
  await ghost('a', 'news');
  expect(await tables.presence(tenant, 'a')).toMatchObject({ status: 'online' });

  // The event of a schedule has its time in whole seconds, so the sweep's clock may be one second behind.
  await advance(10.1, watcher);
  await sweep();

  await watcher.next(
    ({ agent_id, content }) =>
      agent_id === 'a' && (content as { reason: string } | undefined)?.reason === 'disconnected',
  );
  expect(await tables.presence(tenant, 'a')).toEqual({ status: 'offline', connectionIds: [] });
  const left = await tables.connectionRows(tenant);
  expect(left.map((row) => row.agent)).toEqual(['watcher', 'watcher']);
  expect(await watcher.request({ to: 'a', content: 1 })).toMatchObject({ status: 'stored' });
});

withClock('END-5 by the schedule alone, in a quarter of an hour', async () => {
  const { tables } = bus.inside;
  const watcher = await bus.connect({ tenant, agent: 'watcher', ...long }, { level: 1 });
  await ghost('a', 'news');
  await advance(16, watcher);
  await eventually(
    () => tables.presence(tenant, 'a'),
    (presence) => presence?.status === 'offline',
  );
});

withClock('END-5 a live connection stays as it is', async () => {
  const [a, b] = [
    await bus.connect({ tenant, agent: 'a', ...long }, { channel: 'news', level: 1, echo: false }),
    await bus.connect({ tenant, agent: 'b', ...long }, { channel: 'news', level: 1 }),
  ];
  await b.request({ type: 'presence', status: 'busy' });
  for (let round = 0; round < 2; round++) {
    await advance(11, a, b);
    await sweep();
  }
  await a.request({ id: 'm1', content: 1 });
  await b.nextMessage({ id: 'm1' });
  expect(await a.request({ id: 'm2', to: 'b', content: 2, expects_reply: true })).toMatchObject({
    status: 'accepted',
  });
  expect(await b.request({ type: 'presence' })).toMatchObject({ status: 'busy' });
  expect(a.messageIds).toEqual([]);
});

withClock('END-7 what has just been opened is left alone, also with a token that has run out', async () => {
  const watcher = await bus.connect({ tenant, agent: 'watcher', ...long }, { level: 1 });
  const client = await bus.connect({ tenant, agent: 'a', expiresInSeconds: 3 }, { level: 1 });
  await bus.inside.gateway.clock.advance(4_000);
  await sweep();
  client.send({ type: 'ping' });
  await client.next({ type: 'GOAWAY', code: 'token_expired' });
  await bus.inside.gateway.clock.advance(8_000);
  await sweep();
  await client.closed;
  expect(await watcher.request({ type: 'ping' })).toMatchObject({ type: 'PONG' });
});

withClock('END-5 a connection that lost its subscription to a fault gets it back', async () => {
  const { tables } = bus.inside;
  const [a, b] = [
    await bus.connect({ tenant, agent: 'a', ...long }, { channel: 'news', level: 1, echo: false }),
    await bus.connect({ tenant, agent: 'b', ...long }, { level: 1 }),
  ];
  await tables.loseSubscriptions(tenant, 'news');
  await advance(11, a, b);
  await sweep();
  await b.request({ id: 'm1', channel_id: 'news', content: 1 });
  await a.nextMessage({ id: 'm1' });
  await a.request({ id: 'm2', channel_id: 'news', content: 1 });
  await b.request({ id: 'm3', channel_id: 'news', content: 1 });
  await a.nextMessage({ id: 'm3' });
  expect(a.messageIds).toEqual(['m1', 'm3']);
});

withClock(
  'END-6 a connection whose token has expired gets GOAWAY with reconnect, and is closed',
  async () => {
    const { clock } = bus.inside.gateway;
    const short = { tenant, agent: 'a', expiresInSeconds: 60 };
    const [modern, original, other] = [
      await bus.connect(short, { channel: 'news', level: 1 }),
      await bus.connect(short, { channel: 'news' }),
      await bus.connect({ tenant, agent: 'a', ...long }, { level: 1 }),
    ];
    await clock.advance(61_000);
    // A connection whose close the platform does not answer in time is left to the next sweep (END-7).
    for (let sweeps = 0; sweeps < 3 && (modern.isOpen || original.isOpen); sweeps++) await sweep();

    expect(await modern.closed).toMatchObject({ code: 1000 });
    expect(await original.closed).toMatchObject({ code: 1000 });
    const goAway = {
      type: 'GOAWAY',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
      code: 'token_expired',
      reason: expect.any(String) as unknown,
      reconnect: true,
    };
    expect(modern.received.length).toBeGreaterThan(0);
    for (const frame of modern.received) expect(frame).toEqual(goAway);
    expect(original.received).toEqual([]);
    expect(other.isOpen).toBe(true);
    const { tables } = bus.inside;
    expect(await tables.presence(tenant, 'a')).toMatchObject({
      status: 'online',
      connectionIds: { length: 1 },
    });
    expect(await tables.connectionRows(tenant)).toHaveLength(1);
  },
);
