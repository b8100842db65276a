/**
 * Conformance of rules that depend on the settings of a deployment: an app of its own, synthesized with other ones.
 * No log, three connections per agent, other names of the claims, no channels without a claim,
 * and no limit of rate.
 */
import { bases, fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { handshake, statusOf } from '../helpers/handshake';
import { needs } from '../helpers/target';
import type { TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';
import { wasServed } from '../helpers/was-served';

const settings = {
  retentionHours: 0,
  connectionLimit: 3,
  claims: { tenant: 'org', agent: 'bot', channels: 'rooms', agents: 'peers', role: 'kind' },
  defaultGrants: 'none',
  messageRate: { agentPerSecond: 0, tenantPerSecond: 0 },
  allowedOrigins: ['https://app.example.com'],
};

const bus = useBus({ settings });
let tenant: string;

beforeAll(() => {
  tenant = fresh('tenant');
  return warmUp(bus, () => connect('first', { channel_id: 'news' }));
});
beforeEach(() => {
  tenant = fresh('tenant');
});

const withSettings = needs('settings');

function urlFor(
  agent: string,
  query: Record<string, string> = {},
  claims: Record<string, unknown> = {},
): string {
  const token = bus.signedToken({ org: tenant, bot: agent, rooms: ['*'], ...claims });
  return bus.url({ token, ...query });
}

function connect(agent: string, query: Record<string, string> = {}): Promise<TestClient> {
  return bus.open(urlFor(agent, query));
}

withSettings('ACK-7 without a log every message is ephemeral', async () => {
  const sender = await connect('a', { channel_id: 'news' });
  const listener = await connect('b', { channel_id: 'news' });

  for (const frame of [{ content: 1 }, { content: 2, retry: true }, { content: 3, to: 'b' }]) {
    let id: string;
    do {
      id = fresh('m');
      const ack = await sender.request({ id, ...frame });
      expect(ack).toEqual({ type: 'ACK', message_id: id, timestamp: ack.timestamp, status: 'accepted' });
    } while (!(await wasServed(bus, id)));
    expect(await listener.nextMessage({ id })).toMatchObject({ content: frame.content });
  }
});

withSettings('ACK-7 without a log a batch keeps its order', async () => {
  const sender = await connect('a', { channel_id: 'news' });
  const listener = await connect('b', { channel_id: 'news' });
  const ids = Array.from({ length: 25 }, (_, index) => `m${index}`);

  sender.send(ids.map((id) => ({ id, content: id })));
  await listener.nextMessage({ id: 'm24' });

  expect(listener.messageIds).toEqual(ids);
});

withSettings('ACK-7 without a log a question to nobody is still no_responders', async () => {
  const sender = await connect('a');

  expect(await sender.request({ to: 'b', content: 1, expects_reply: true })).toMatchObject({
    code: 'no_responders',
  });
});

withSettings('CON-9 over the limit the handshake is 429, and other agents are not affected', async () => {
  await Promise.all([connect('a'), connect('a', { channel_id: 'news' }), connect('a')]);

  expect(await statusOf(urlFor('a'))).toBe(429);
  expect(await statusOf(urlFor('a', { channel_id: 'news' }))).toBe(429);
  expect(await statusOf(urlFor('b'))).toBe(101);
  expect(await statusOf(urlFor('a', {}, { org: fresh('tenant') }))).toBe(101);
});

withSettings('CON-9 a refused connection leaves nothing behind, and room that is made is used', async () => {
  const [first] = await Promise.all([connect('a'), connect('a'), connect('a')]);
  expect(await statusOf(urlFor('a', { channel_id: 'news' }))).toBe(429);
  expect(await bus.inside.tables.connectionRows(tenant)).toHaveLength(3);

  await first.close();

  await eventually(
    () => bus.inside.tables.connectionRows(tenant),
    (rows) => rows.length === 2,
  );
  await connect('a');
  expect(await statusOf(urlFor('a'))).toBe(429);
});

withSettings('CON-9 of many handshakes at once no more than the limit are admitted', async () => {
  const clients = await Promise.allSettled(Array.from({ length: 12 }, () => connect('a')));

  const admitted = clients.filter(({ status }) => status === 'fulfilled');
  expect(admitted).toHaveLength(3);
  const presence = await bus.inside.tables.presence(tenant, 'a');
  expect(presence?.connectionIds).toHaveLength(3);
});

withSettings('CON-9 expired connections are dropped before anybody is refused', async () => {
  const shortLived = { exp: bus.seconds() + 60 };
  await Promise.all([
    bus.open(urlFor('a', { channel_id: 'news' }, shortLived)),
    bus.open(urlFor('a', {}, shortLived)),
    connect('a'),
  ]);
  expect(await statusOf(urlFor('a'))).toBe(429);

  await bus.inside.gateway.clock.advance(61_000);

  await connect('a');
  await connect('a');
  expect(await statusOf(urlFor('a'))).toBe(429);
});

withSettings('CON-9 connections that are gone are dropped before anybody is refused', async () => {
  const { gateway } = bus.inside;
  gateway.faults.disconnect.lose = 1;
  const lost = await Promise.all([connect('a', { channel_id: 'news' }), connect('a'), connect('a')]);
  await Promise.all(lost.map((client) => client.terminate()));
  await eventually(
    () => gateway.connections(),
    (open) => open.length === 0,
  );
  gateway.faults.disconnect.lose = 0;
  // Of a younger connection the platform might say "gone" because it is still opening.
  await gateway.clock.advance(11_000);

  const client = await connect('a');

  expect(await client.request({ id: 'm1', to: 'a', content: 1 })).toMatchObject({ type: 'ACK' });
  await client.nextMessage({ id: 'm1' });
  expect(await bus.inside.tables.connectionRows(tenant)).toHaveLength(1);
});

withSettings('CON-15 a page of another origin is refused, and a program without one is not', async () => {
  const url = urlFor('a');
  const status = async (headers: Record<string, string>) => (await handshake(url, headers)).status;
  expect(await status({ Origin: 'https://app.example.com' })).toBe(101);
  expect(await status({ Origin: 'https://app.example.com.evil.example' })).toBe(403);
  expect(await status({ origin: 'null' })).toBe(403);
  expect(await status({})).toBe(101);
});

withSettings('TOK-1 the names of the claims are settings', async () => {
  const client = await connect('a', { channel_id: 'news' });
  await client.request({ id: 'm1', content: 1 });
  expect(await client.nextMessage()).toMatchObject({ tenant_id: tenant, agent_id: 'a' });

  const usualNames = bus.signedToken({ tenant_id: tenant, agent_id: 'a', channels: ['*'] });
  expect(await statusOf(bus.url({ token: usualNames }))).toBe(401);
  expect(await statusOf(urlFor('a', {}, { bot: undefined, sub: 'a' }))).toBe(101);
});

withSettings(
  'TOK-13 the names of agents and role are settings, and other claims of these names are not read',
  async () => {
    expect(await statusOf(urlFor('a', {}, { role: 'admin', agents: 7 }))).toBe(101);
    expect(await statusOf(urlFor('a', {}, { kind: 'admin' }))).toBe(401);
    expect(await statusOf(urlFor('a', {}, { peers: 7 }))).toBe(401);
    const observer = await bus.open(urlFor('a', {}, { kind: 'observer' }));
    expect(await observer.request({ to: 'b', content: 1 })).toMatchObject({ code: 'forbidden' });
  },
);

withSettings('TOK-4 a setting turns an absent claim into no channels at all', async () => {
  const without = { rooms: undefined };

  expect(await statusOf(urlFor('a', {}, without))).toBe(101);
  expect(await statusOf(urlFor('a', { channel_id: 'news' }, without))).toBe(403);
  const client = await bus.open(urlFor('a', {}, without));
  expect(await client.request({ channel_id: 'news', content: 1 })).toMatchObject({ code: 'forbidden' });
  expect(await client.request({ to: 'a', content: 1 })).toMatchObject({ type: 'ACK' });
});

describe.each(bases)('on the base of the %s', (base) => {
  withSettings('CON-10 a refusal with 429 is an HTTP status as well', async () => {
    await Promise.all([connect('a'), connect('a'), connect('a')]);
    const token = bus.signedToken({ org: tenant, bot: 'a', rooms: ['*'] });

    expect(await statusOf(bus.url({ token }, base))).toBe(429);
  });
});

withSettings('RAT-1 a rate of 0 is no limit', async () => {
  const sender = await connect('a', { channel_id: 'news', echo: 'false' });
  const ids = Array.from({ length: 25 }, (_, index) => `m${index}`);

  for (let round = 0; round < 8; round++) {
    const replies = ids.map((id) => sender.reply(id));
    sender.send(ids.map((id) => ({ id, content: id })));
    for (const reply of await Promise.all(replies)) expect(reply).toMatchObject({ type: 'ACK' });
  }
});
