/**
 * Grants hold on every path of the HTTP API: random claims as lists and as maps, random lists of agents, and roles, against rules that
 * are written apart from the code under test.
 */
import fc from 'fast-check';
import type { Operation } from '../../protocol/index';
import { createHttpWorld, type MemoryAnswer } from './http-world';

const operations = ['publish', 'subscribe', 'history', 'presence'] as const;
const patterns = ['*', 'c', 'c*', 'd', '$presence', 'constructor'] as const;
const channels = ['c', 'c.d', 'd', 'constructor'] as const;
const receivers = ['owner', 'owner-2', 'guest'] as const;

type Claim = readonly string[] | Readonly<Record<string, readonly Operation[]>>;

interface Claims {
  readonly channels: Claim;
  readonly agents: readonly string[] | undefined;
  readonly role: 'observer' | 'service' | undefined;
}

const pattern = fc.constantFrom(...patterns);
const claims: fc.Arbitrary<Claims> = fc.record({
  channels: fc.oneof(
    fc.array(pattern, { maxLength: 3 }),
    fc
      .array(fc.tuple(pattern, fc.subarray<Operation>([...operations])), { maxLength: 3 })
      .map((pairs) => Object.fromEntries(pairs.filter(([name]) => name !== 'constructor'))),
  ),
  agents: fc.option(fc.array(fc.constantFrom('owner', 'owner*', '*', 'nobody'), { maxLength: 2 }), {
    nil: undefined,
  }),
  role: fc.constantFrom(undefined, 'observer' as const, 'service' as const),
});

const fits = (each: string, name: string): boolean =>
  each.endsWith('*') ? !name.startsWith('$') && name.startsWith(each.slice(0, -1)) : each === name;

function may({ channels: granted, role }: Claims, operation: Operation, channelId: string): boolean {
  const pairs: [string, readonly Operation[]][] = Array.isArray(granted)
    ? granted.map((each: string) => [each, operations])
    : Object.entries(granted);
  const isGranted = pairs.some(([each, allowed]) => allowed.includes(operation) && fits(each, channelId));
  return isGranted && !(role === 'observer' && operation === 'publish');
}

function maySend({ agents, role }: Claims, to: string): boolean {
  return role !== 'observer' && (agents === undefined || agents.some((each) => fits(each, to)));
}

type Ask = (method: string, path: string, body?: unknown) => Promise<MemoryAnswer>;
type World = ReturnType<typeof createHttpWorld>;

async function asked(guest: Claims): Promise<{ readonly world: World; readonly ask: Ask }> {
  const world = createHttpWorld();
  const owner = { tenant_id: 't', agent_id: 'owner' };
  for (const channelId of channels)
    await world.request(owner, 'POST', `/channels/${channelId}/messages`, { content: 'secret' });
  const claimed = { tenant_id: 't', agent_id: 'guest', ...guest };
  return { world, ask: (...request) => world.request(claimed, ...request) };
}

const paths: Readonly<Record<string, (ask: Ask, guest: Claims, world: World) => Promise<void>>> = {
  'publishes to channels': async (ask, guest, world) => {
    for (const channelId of channels) {
      const rows = () => world.history.rows(`t/channel/${channelId}`).length;
      const before = rows();
      const { status } = await ask('POST', `/channels/${channelId}/messages`, { content: 1 });
      const isAllowed = may(guest, 'publish', channelId);
      expect([channelId, status, rows() - before]).toEqual(
        isAllowed ? [channelId, 200, 1] : [channelId, 403, 0],
      );
    }
  },
  'publishes to agents': async (ask, guest, world) => {
    for (const to of receivers) {
      const rows = () => world.history.rows(`t/inbox/${to}`).length;
      const before = rows();
      const { status } = await ask('POST', `/agents/${to}/messages`, { content: 1 });
      expect([to, status, rows() - before]).toEqual(maySend(guest, to) ? [to, 200, 1] : [to, 403, 0]);
    }
  },
  'reads logs': async (ask, guest) => {
    for (const channelId of channels) {
      const answer = await ask('GET', `/channels/${channelId}/messages`);
      expect([channelId, answer.status]).toEqual([channelId, may(guest, 'history', channelId) ? 200 : 403]);
      expect(JSON.stringify(answer.body).includes('secret')).toBe(may(guest, 'history', channelId));
    }
  },
  'lists channels': async (ask, guest) => {
    const { body } = await ask('GET', '/channels');
    const listed = (body.channels as { channel_id: string }[]).map(({ channel_id }) => channel_id);
    const readable = channels.filter((each) => may(guest, 'history', each) || may(guest, 'subscribe', each));
    expect(listed).toEqual([...readable].sort());
  },
  'reads agents': async (ask, guest) => {
    const expected = may(guest, 'presence', '$presence');
    expect((await ask('GET', '/agents')).status).toBe(expected ? 200 : 403);
    expect((await ask('GET', '/agents/nobody')).status).toBe(expected ? 404 : 403);
  },
  'gives orders': async (ask, { role }, world) => {
    const orders: readonly (readonly [string, string, unknown?])[] = [
      ['DELETE', '/agents/owner/connections'],
      ['POST', '/revocations', { agent_id: 'owner' }],
      ['DELETE', '/revocations?agent_id=owner'],
      ['POST', '/erasures', { agent_id: 'owner' }],
    ];
    for (const order of orders) {
      const { status } = await ask(...order);
      expect([order[1], status < 300]).toEqual([order[1], role === 'service']);
      if (role !== 'service') expect(status).toBe(403);
    }
    if (role !== 'service') expect(world.invoker.started).toEqual([]);
  },
};

test.each(Object.entries(paths))('%s', async (_name, path) => {
  const property = fc.asyncProperty(claims, async (guest) => {
    const { world, ask } = await asked(guest);
    await path(ask, guest, world);
  });
  await fc.assert(property, { numRuns: 150 });
});
