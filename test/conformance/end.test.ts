/**
 * Conformance: how connections end, and that the agent is offline with its last one (docs/protocol.md, End of a connection).
 * Who is online is seen in the status of a direct message's ACK; what is left behind, in the tables.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { bases, type Bus, fresh, type Who } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
import type { TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';

const bus = useBus();
let tenant: string;
let watcher: TestClient;
let agent: Who;

/** Longer than any test moves the clock: only the rule at hand should end a connection. */
const long = { expiresInSeconds: 24 * 3_600 };

beforeEach(async () => {
  tenant = fresh('tenant');
  agent = { tenant, agent: 'a', ...long };
  watcher = await bus.connect({ tenant, agent: 'watcher', ...long });
});

const withClock = needs('clock');
const withTables = needs('tables');
const withFaults = needs('faults');

async function statusOfAgent(): Promise<unknown> {
  return (await watcher.request({ to: 'a', content: 'are you there?' })).status;
}

/** A lost end is noticed with the first message that can't be delivered; so this asks until it has been. */
async function becomesOffline(): Promise<void> {
  await eventually(statusOfAgent, (status) => status === 'stored');
  expect(await watcher.request({ to: 'a', content: 'reply', expects_reply: true })).toMatchObject({
    code: 'no_responders',
  });
}

/** Nothing of the agent is left but the item that says that it is offline. */
async function leavesNothing(): Promise<void> {
  const { tables } = bus.inside;
  await watcher.close();
  await eventually(
    () => tables.connectionRows(tenant),
    (rows) => rows.length === 0,
  );
  expect(await tables.presence(tenant, 'a')).toEqual({ status: 'offline', connectionIds: [] });
}

describe.each(bases)('on the base of the %s', (base) => {
  test('END-1 with its last connection closed the agent is offline', async () => {
    const only = await bus.connect(agent, { base, channel: 'news' });
    expect(await statusOfAgent()).toBe('accepted');

    await only.close();

    await becomesOffline();
  });

  test('END-1 an agent that comes back is online again', async () => {
    const first = await bus.connect(agent, { base });
    await first.close();
    await becomesOffline();

    const second = await bus.connect(agent, { base, channel: 'news' });
    expect(await statusOfAgent()).toBe('accepted');
    await second.nextMessage();

    await second.close();
    await becomesOffline();
  });
});

test.each([1000, 1001, 3000, 4999])('END-1 whatever the code of the close: %d', async (code) => {
  const only = await bus.connect(agent, { channel: 'news' });

  await only.close(code);

  await becomesOffline();
});

withTables('END-1 nothing is left in the tables', async () => {
  const connections = await Promise.all([
    bus.connect(agent, { channel: 'news' }),
    bus.connect(agent, { pathForm: true, channel: 'other' }),
    bus.connect(agent),
  ]);
  expect(await bus.inside.tables.connectionRows(tenant)).toHaveLength(6);

  await Promise.all(connections.map((connection) => connection.close()));

  await becomesOffline();
  await leavesNothing();
});

test('END-2 while one connection is left the agent stays online, in whatever order they go', async () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
  ]) {
    const connections = await Promise.all([bus.connect(agent), bus.connect(agent), bus.connect(agent)]);
    const [first, second, last] = order.map((index) => connections[index]!);

    await first!.close();
    expect(await statusOfAgent()).toBe('accepted');
    const joined = await bus.connect(agent);
    await second!.terminate();
    expect(await statusOfAgent()).toBe('accepted');
    await last!.close();
    expect(await statusOfAgent()).toBe('accepted');

    await joined.close();
    await becomesOffline();
  }
});

test('END-2 another agent or tenant of the same name is not touched', async () => {
  const elsewhere = fresh('tenant');
  const namesake = await bus.connect({ tenant: elsewhere, agent: 'a' });
  const observer = await bus.connect({ tenant: elsewhere, agent: 'observer' });
  const only = await bus.connect(agent);

  await only.close();
  await becomesOffline();

  expect(await observer.request({ id: 'm1', to: 'a', content: 1 })).toMatchObject({ status: 'accepted' });
  await namesake.nextMessage({ id: 'm1' });
});

test('END-3 a socket that is cut without a closing handshake', async () => {
  const only = await bus.connect(agent, { channel: 'news' });

  await only.terminate();

  await becomesOffline();
});

withTables('END-3 a cut socket leaves nothing in the tables', async () => {
  const cut = await Promise.all([
    bus.connect(agent, { channel: 'news' }),
    bus.connect(agent, { base: 'edge' }),
  ]);

  await Promise.all(cut.map((connection) => connection.terminate()));

  await becomesOffline();
  await leavesNothing();
});

/** A client in a process of its own; it says when it is connected, and lives until it is killed. */
async function clientProcess(url: string): Promise<ReturnType<typeof spawn>> {
  const code = `
    const WebSocket = require('ws');
    new WebSocket(process.env.CLIENT_URL).on('open', () => process.stdout.write('open'));
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['-e', code], {
    cwd: path.resolve(__dirname, '../..'),
    env: {
      PATH: process.env.PATH,
      NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS,
      CLIENT_URL: url,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

test('END-3 a client whose process is killed', async () => {
  const child = await clientProcess(await bus.urlFor(agent, { channel: 'news' }));
  expect(await statusOfAgent()).toBe('accepted');

  child.kill('SIGKILL');
  await once(child, 'exit');

  await becomesOffline();
});

withTables('END-3 a killed process leaves nothing in the tables', async () => {
  const child = await clientProcess(await bus.urlFor(agent, { base: 'edge', channel: 'news' }));

  child.kill('SIGKILL');
  await once(child, 'exit');

  await becomesOffline();
  await leavesNothing();
});

withFaults('END-3 an end that is reported twice', async () => {
  const { gateway, log, tables } = bus.inside;
  const { faults } = gateway;
  /** Of all connections of the test so far. Each report leaves one line. */
  const reports = () =>
    log.filter(({ text }) => text.includes('"disconnected"') && text.includes(tenant)).length;
  faults.disconnect.duplicate = 1;
  try {
    const first = await bus.connect(agent, { channel: 'news' });
    const second = await bus.connect(agent, { channel: 'news' });
    await first.close();
    const third = await bus.connect(agent, { channel: 'news' });
    await second.close();
    await eventually(reports, (count) => count === 4);
    expect(await tables.presence(tenant, 'a')).toMatchObject({
      status: 'online',
      connectionIds: { length: 1 },
    });
    expect(await statusOfAgent()).toBe('accepted');
    await third.nextMessage();
    await third.close();
    await becomesOffline();
    await leavesNothing();
  } finally {
    faults.disconnect.duplicate = 0;
  }
});

/** Opens a connection whose end the gateway will not report, and cuts it. Old enough that a 410 is believed. */
async function loseConnection(asking: Parameters<Bus['connect']>[1]): Promise<void> {
  const { gateway } = bus.inside;
  gateway.faults.disconnect.lose = 1;
  const before = gateway.connections().length;
  const lost = await bus.connect(agent, asking);
  await lost.terminate();
  await eventually(
    () => gateway.connections().length,
    (open) => open === before,
  );
  gateway.faults.disconnect.lose = 0;
  await gateway.clock.advance(11_000);
}

withFaults('END-3 an end that is never reported, then a message to the channel', async () => {
  const { tables } = bus.inside;
  await loseConnection({ channel: 'news' });
  expect(await tables.presence(tenant, 'a')).toMatchObject({ status: 'online' });

  expect(await watcher.request({ channel_id: 'news', content: 1 })).toMatchObject({ type: 'ACK' });

  await eventually(
    () => tables.presence(tenant, 'a'),
    (presence) => presence?.status === 'offline',
  );
  await becomesOffline();
  await leavesNothing();
});

withFaults('END-3 an end that is never reported, then a direct message', async () => {
  await loseConnection({ channel: 'news' });

  expect(await statusOfAgent()).toBe('accepted');

  await becomesOffline();
  await leavesNothing();
});

withFaults(
  'END-3 an end that is never reported does not take the agent’s other connection with it',
  async () => {
    await loseConnection({ channel: 'news' });
    const other = await bus.connect(agent, { channel: 'news' });

    await watcher.request({ id: 'm1', channel_id: 'news', content: 1 });
    await other.nextMessage({ id: 'm1' });
    await eventually(
      () => bus.inside.tables.presence(tenant, 'a'),
      (presence) => presence?.connectionIds.length === 1,
    );
    expect(await statusOfAgent()).toBe('accepted');

    await other.close();
    await becomesOffline();
    await leavesNothing();
  },
);

withClock(
  'END-4 a connection without a message in either direction is closed after 10 minutes with 1001',
  async () => {
    const { clock } = bus.inside.gateway;
    const idle = await bus.connect(agent, { channel: 'news' });
    const speaking = await bus.connect({ tenant, agent: 'b', ...long });
    const listening = await bus.connect({ tenant, agent: 'c', ...long });

    await clock.advance(9 * 60_000);
    expect(idle.isOpen).toBe(true);
    await speaking.request({ id: 'm1', to: 'c', content: 1 });
    await listening.nextMessage({ id: 'm1' });
    await clock.advance(61_000);

    expect(await idle.closed).toMatchObject({ code: 1001 });
    expect([speaking.isOpen, listening.isOpen]).toEqual([true, true]);
    expect(await speaking.request({ id: 'm2', to: 'c', content: 2 })).toMatchObject({ status: 'accepted' });
    await eventually(
      () => speaking.request({ to: 'a', content: 3 }),
      (ack) => ack.status === 'stored',
    );
  },
);

withClock('END-4 and after 2 hours in any case', async () => {
  const { clock } = bus.inside.gateway;
  const busy = await bus.connect(agent, { channel: 'news' });

  for (let minutes = 0; minutes < 117; minutes += 9) {
    expect(await busy.request({ content: minutes, ephemeral: true })).toMatchObject({ type: 'ACK' });
    await clock.advance(9 * 60_000);
  }
  expect(busy.isOpen).toBe(true);
  await clock.advance(3 * 60_000);

  expect(await busy.closed).toMatchObject({ code: 1001 });
});
