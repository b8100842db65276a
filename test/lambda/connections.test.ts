/** Connecting and removing, with every crash point: what is left must be repairable and never hurt another connection. */
import { seededRandom } from '../../gateway/faults/decisions';
import { connect } from '../../lambda/agents/connect';
import { removeConnection } from '../../lambda/agents/remove-connection';
import { createWorld } from './world';

let world: ReturnType<typeof createWorld>;

beforeEach(() => {
  world = createWorld();
});

const subscribers = async (): Promise<string[]> => {
  const found: string[] = [];
  for await (const page of world.connections.subscribers('t', 'c')) {
    found.push(...page.map(({ connectionId }) => connectionId));
  }
  return found;
};

const state = async (connectionId: string, agentId: string) => ({
  row: (await world.connections.getConnections([connectionId])).length === 1,
  subscribed: (await subscribers()).includes(connectionId),
  member: (await world.agents.connectionIds('t', agentId)).includes(connectionId),
});

const nothing = { row: false, subscribed: false, member: false };
const everything = { row: true, subscribed: true, member: true };

test('writes the row, the set and the subscription', async () => {
  const alice = await world.open('alice');
  expect(await state('alice', alice.agentId)).toEqual(everything);
});

test('expires with the token or after two hours, whichever comes first', async () => {
  const at = world.clock.time;
  await world.open('short', { tokenExpiresAt: at + 60_000 });
  await world.open('long', { tokenExpiresAt: at + 9 * 3_600_000 });
  const rows = await world.connections.getConnections(['short', 'long']);
  expect(rows[0]?.expiresAt).toBe(at + 60_000);
  expect(rows[1]?.expiresAt).toBe(at + 11_000 + 2 * 3_600_000 + 60_000);
});

test.each(['putConnection', 'putSubscription'] as const)(
  'leaves nothing behind when %s fails',
  async (method) => {
    world.connections[method] = () => Promise.reject(new Error('down'));
    await expect(connect(world.deps, world.caller('a'))).rejects.toThrow('down');
    expect(await state('a', 'agent-of-a')).toEqual(nothing);
  },
);

test('leaves nothing behind when the set can’t be changed', async () => {
  world.agents.addConnection = () => Promise.reject(new Error('down'));
  await expect(connect(world.deps, world.caller('a'))).rejects.toThrow('down');
  expect(await state('a', 'agent-of-a')).toEqual(nothing);
});

describe('at the limit of connections', () => {
  beforeEach(async () => {
    for (const id of ['1', '2', '3']) await world.open(id, { agentId: 'a' });
  });

  const fourth = () => connect(world.deps, world.caller('4', { agentId: 'a' }));

  test('refuses one more and leaves nothing of it', async () => {
    expect(await fourth()).toBe('too-many');
    expect(await state('4', 'a')).toEqual(nothing);
    expect(world.agents.agent('t', 'a')?.connections.size).toBe(3);
  });

  test('makes room by dropping one that the platform has forgotten', async () => {
    world.sockets.closed.add('2');
    expect(await fourth()).toBe('connected');
    expect(await state('2', 'a')).toEqual(nothing);
    expect(await state('1', 'a')).toEqual(everything);
  });

  test('makes room by dropping one that has no row, without asking the platform', async () => {
    await world.connections.removeConnection('2');
    expect(await fourth()).toBe('connected');
    expect((await world.agents.connectionIds('t', 'a')).includes('2')).toBe(false);
  });

  test('makes room whichever of many the platform has forgotten, asking about five with each handshake', async () => {
    world.deps.connectionLimit = 60;
    for (let n = 4; n <= 60; n++) await world.open(String(n), { agentId: 'a' });
    world.sockets.closed.add('35');
    const asked: string[] = [];
    const status = world.sockets.status.bind(world.sockets);
    world.sockets.status = (connectionId) => {
      asked.push(connectionId);
      return status(connectionId);
    };
    world.clock.random = seededRandom(7);
    const outcomes: string[] = [];
    while (outcomes.length < 200 && outcomes.at(-1) !== 'connected') {
      asked.length = 0;
      outcomes.push(await connect(world.deps, world.caller('61', { agentId: 'a' })));
      expect(new Set(asked).size).toBe(5);
    }
    expect(outcomes.at(-1)).toBe('connected');
    expect(outcomes.length).toBeGreaterThan(1);
    expect(await state('35', 'a')).toEqual(nothing);
    expect(await state('60', 'a')).toEqual(everything);
  });

  test('never asks about one that is still opening', async () => {
    world.deps.connectionLimit = 5;
    for (const id of ['4', '5']) await world.open(id, { agentId: 'a' });
    world.clock.time -= 5_000;
    world.sockets.closed.add('5');
    expect(await connect(world.deps, world.caller('6', { agentId: 'a' }))).toBe('too-many');
    expect(await state('5', 'a')).toEqual(everything);
    expect(world.sockets.statuses).toBe(4);
  });

  test('makes room by dropping those that are out of date', async () => {
    world.clock.time += 3 * 3_600_000;
    const late = world.caller('4', { agentId: 'a', tokenExpiresAt: world.clock.time + 60_000 });
    expect(await connect(world.deps, late)).toBe('connected');
    expect(world.agents.agent('t', 'a')?.connections).toEqual(new Set(['4']));
  });
});

describe('removing', () => {
  const identity = { connectionId: 'a', tenantId: 't', agentId: 'agent-of-a', channels: [] };

  test('takes away everything, also when it is done twice and side by side', async () => {
    await world.open('a');
    const changed = await Promise.all([
      removeConnection(world.deps, identity),
      removeConnection(world.deps, identity),
    ]);
    expect(changed.filter(Boolean)).toHaveLength(1);
    expect(await removeConnection(world.deps, identity)).toBe(false);
    expect(await state('a', 'agent-of-a')).toEqual(nothing);
  });

  test('finds the subscription through the caller’s channel when the row is missing', async () => {
    await world.open('a');
    await world.connections.removeConnection('a');
    await removeConnection(world.deps, { ...identity, channels: ['c'] });
    expect(await state('a', 'agent-of-a')).toEqual(nothing);
  });

  test.each([
    ['connections', 'removeSubscription'],
    ['agents', 'removeConnection'],
    ['connections', 'removeConnection'],
  ] as const)('can be finished after a crash in %s.%s', async (store, method) => {
    await world.open('a');
    const target = world[store] as unknown as Record<string, () => Promise<unknown>>;
    const original = target[method];
    target[method] = () => Promise.reject(new Error('crash'));
    await expect(removeConnection(world.deps, identity)).rejects.toThrow('crash');
    expect((await state('a', 'agent-of-a')).row).toBe(true);
    target[method] = original!;
    await removeConnection(world.deps, identity);
    expect(await state('a', 'agent-of-a')).toEqual(nothing);
  });
});
