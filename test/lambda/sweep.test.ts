/** The sweep: what it finds, in what order it acts, what it leaves alone, and that it goes on where it had no time. */
import { MemorySweepStore } from '../doubles/memory-sweep-store';
import type { Caller } from '../../lambda/shared/caller';
import { connect } from '../../lambda/agents/connect';
import { removeConnection } from '../../lambda/agents/remove-connection';
import { Deadline } from '../../lambda/shared/deadline';
import { Unavailable } from '../../lambda/shared/ports';
import { subscribe, unsubscribe } from '../../lambda/frames/subscribe';
import { sweep } from '../../lambda/sweep/sweep';
import { observerId } from '../../lambda/shared/subjects';
import { createWorld } from './world';

const minute = 60_000;
const hour = 3_600_000;

let world: ReturnType<typeof createWorld>;
let store: MemorySweepStore;

beforeEach(() => {
  world = createWorld();
  store = new MemorySweepStore(world.connections, world.agents, 100, world.deps.revocations, world.usage);
});

const run = (ms = 115_000) =>
  sweep({ ...world.deps, sweep: store }, new Deadline(world.clock, world.clock.time + ms));
const later = (ms: number): void => {
  world.clock.time += ms;
};

const subscribers = async (channel = 'c'): Promise<string[]> => {
  const found: string[] = [];
  for await (const page of world.connections.subscribers('t', channel))
    found.push(...page.map(({ connectionId }) => connectionId));
  return found;
};
const state = async ({ connectionId, agentId }: Caller) => ({
  row: (await world.connections.getConnections([connectionId])).length === 1,
  subscribed: (await subscribers()).includes(connectionId),
  member: (await world.agents.connectionIds('t', agentId)).includes(connectionId),
});
const nothing = { row: false, subscribed: false, member: false };
const everything = { row: true, subscribed: true, member: true };

test('removes what is gone, and leaves what is open as it is', async () => {
  const [gone, open] = [await world.open('gone'), await world.open('open')];
  world.sockets.closed.add('gone');
  later(11 * minute);
  expect(await run()).toEqual({ rows: 4, whole: true, gone: 1, open: 1 });
  expect(await state(gone)).toEqual(nothing);
  expect(await state(open)).toEqual(everything);
  expect(world.agents.agent('t', gone.agentId)?.status).toBe('offline');
});

test('asks about each connection in every run that has the time, and writes nothing for those that are open', async () => {
  await world.open('a');
  const writes = jest.spyOn(world.connections, 'putConnection');
  for (let round = 1; round <= 3; round++) {
    later(5 * minute);
    expect(await run()).toMatchObject({ open: 1 });
    expect(world.sockets.statuses).toBe(round);
  }
  expect(writes).not.toHaveBeenCalled();
  expect(store.moves).toBe(0);
});

test('does not remove a connection when the platform gives no answer, and asks again', async () => {
  const open = await world.open('a');
  later(11 * minute);
  world.sockets.status = () => Promise.resolve('unknown' as never);
  expect(await run()).toMatchObject({ unknown: 1 });
  expect(await state(open)).toEqual(everything);
  world.sockets.status = () => Promise.resolve('gone');
  expect(await run()).toMatchObject({ gone: 1 });
});

test('fails in one line, since Lambda logs the stack of what a function throws', async () => {
  store.cursor = () => Promise.reject(new Unavailable('DynamoDB', { cause: new Error('socket') }));
  const failure: unknown = await run().catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: 'Unavailable', stack: 'Unavailable: DynamoDB' });
});

test('tells a connection with an expired token to come back, closes it and removes it', async () => {
  const [modern, original] = [
    await world.open('modern', { level: 1, tokenExpiresAt: world.clock.time + minute }),
    await world.open('original', { tokenExpiresAt: world.clock.time + minute }),
  ];
  later(2 * minute);
  expect(await run()).toMatchObject({ expired: 2 });
  expect(world.sockets.closed).toEqual(new Set(['modern', 'original']));
  expect(world.sockets.posts).toMatchObject([
    {
      connectionId: 'modern',
      frame: {
        type: 'GOAWAY',
        code: 'token_expired',
        reconnect: true,
        reason: expect.any(String) as unknown,
      },
    },
  ]);
  expect(await state(modern)).toEqual(nothing);
  expect(await state(original)).toEqual(nothing);
});

test('leaves a connection that it could not close for the next run', async () => {
  const short = await world.open('a', { tokenExpiresAt: world.clock.time + minute });
  later(2 * minute);
  world.sockets.close = () => Promise.resolve('unknown' as never);
  expect(await run()).toMatchObject({ unknown: 1 });
  expect(await state(short)).toEqual(everything);
});

describe('ends the connections of revoked tokens that the revoking function has missed', () => {
  const issuedUpTo = 1_790_000_000_000;
  const token = (tokenId: string, secondsLater: number): Partial<Caller> => ({
    level: 1,
    tokenId,
    tokenIssuedAt: issuedUpTo + secondsLater * 1_000,
  });

  test.each([
    ['a tenant', { tenantId: 't' }, ['old', 'other']],
    ['an agent', { tenantId: 't', agentId: 'a' }, ['old']],
    ['a token', { tenantId: 't', agentId: 'a', tokenId: 'jti-old' }, ['old']],
    ['another tenant', { tenantId: 't2' }, []],
    ['another token', { tenantId: 't', agentId: 'a', tokenId: 'jti-other' }, []],
  ])('of %s', async (_whose, scope, ended) => {
    // Found in the scan, and asked for where the run reads a part of the table only.
    for (const isWhole of [true, false]) {
      world = createWorld();
      store = new MemorySweepStore(
        world.connections,
        world.agents,
        isWhole ? 100 : 1,
        world.deps.revocations,
      );
      await world.open('old', { agentId: 'a', ...token('jti-old', -1) });
      await world.open('new', { agentId: 'a', ...token('jti-new', 1) });
      await world.open('other', { agentId: 'b', ...token('jti-b', 0) });
      await world.deps.revocations.put(scope, { issuedUpTo, expiresAt: undefined });
      later(minute);
      if (!isWhole) store.pages = onePageOnly(store);
      for (let round = 0; round < (isWhole ? 1 : 12); round++) await run();
      expect([...world.sockets.closed].sort()).toEqual(ended);
      const told = world.sockets.posts.filter(({ frame }) => frame.type === 'GOAWAY');
      expect(
        told.map(({ connectionId, frame }) => [connectionId, frame.code, frame.reconnect]).sort(),
      ).toEqual(ended.map((id) => [id, 'revoked', false]));
    }
  });

  /** As when there is time for one page in a run. */
  function onePageOnly(from: MemorySweepStore): MemorySweepStore['pages'] {
    const pages = from.pages.bind(from);
    return async function* (after) {
      for await (const page of pages(after)) {
        yield page;
        return;
      }
    };
  }
});

test('drops what is over after two hours without asking', async () => {
  const old = await world.open('a', { tokenExpiresAt: world.clock.time + 9 * hour });
  later(2 * hour + 2 * minute);
  expect(await run()).toEqual({ rows: 2, whole: true, over: 1 });
  expect(world.sockets.statuses).toBe(0);
  expect(await state(old)).toEqual(nothing);
});

describe('what a crash left half done', () => {
  test.each([
    ['putConnection', 'addConnection'],
    ['putConnection and addConnection', 'putSubscription'],
  ])('a connect that ended after %s', async (_, method) => {
    const target = method === 'addConnection' ? world.agents : world.connections;
    Object.assign(target, { [method]: () => Promise.reject(new Error('crash')) });
    const { connections } = world;
    const removeConnection = connections.removeConnection.bind(connections);
    // The function ended: it does not clean up, either.
    connections.removeConnection = () => Promise.reject(new Error('crash'));
    const half = world.caller('a');
    await expect(connect(world.deps, half)).rejects.toThrow('crash');
    connections.removeConnection = removeConnection;
    expect((await state(half)).row).toBe(true);
    world.sockets.closed.add('a');
    later(11 * minute);
    await run();
    expect(await state(half)).toEqual(nothing);
  });

  test('a removal that ended in the middle is finished when the connection is gone', async () => {
    const half = await world.open('a');
    await world.connections.removeSubscription('t', 'c', 'a');
    await world.agents.removeConnection('t', half.agentId, 'a');
    world.sockets.closed.add('a');
    later(11 * minute);
    await run();
    expect(await state(half)).toEqual(nothing);
  });

  test('and is undone when the connection is open after all, echo and level included', async () => {
    const half = await world.open('a', { level: 1, echo: false });
    await world.connections.removeSubscription('t', 'c', 'a');
    await world.agents.removeConnection('t', half.agentId, 'a');
    later(11 * minute);
    expect(await run()).toMatchObject({ repaired: 1 });
    expect(await state(half)).toEqual(everything);
    for await (const page of world.connections.subscribers('t', 'c'))
      expect(page).toMatchObject([{ connectionId: 'a', level: 1, echo: false }]);
    later(11 * minute);
    expect(await run()).toMatchObject({ open: 1 });
  });

  test('but a channel that the client has left meanwhile stays left', async () => {
    await world.open('a');
    await world.connections.removeSubscription('t', 'c', 'a');
    later(11 * minute);
    world.sockets.status = async () => {
      await world.connections.removeChannel('a', 'c');
      return 'open';
    };
    await run();
    expect(await subscribers()).toEqual([]);
  });

  test('nor does one come back that the client leaves while it is repaired', async () => {
    await world.open('a');
    await world.connections.removeSubscription('t', 'c', 'a');
    later(11 * minute);
    const restore = store.restoreSubscription.bind(store);
    store.restoreSubscription = async (...args) => {
      await world.connections.removeSubscription('t', 'c', 'a');
      await world.connections.removeChannel('a', 'c');
      await restore(...args);
    };
    await run();
    expect(await subscribers()).toEqual([]);
  });

  test('a repair that meets the right removal of the same connection leaves nothing behind', async () => {
    const half = await world.open('a');
    await world.agents.removeConnection('t', half.agentId, 'a');
    later(11 * minute);
    const addConnection = world.agents.addConnection.bind(world.agents);
    world.agents.addConnection = async (...args) => {
      // The socket ends now; its removal has got past the set, and its last write comes after ours.
      world.sockets.closed.add('a');
      return addConnection(...args);
    };
    expect(await run()).toMatchObject({ gone: 1 });
    expect(await state(half)).toEqual(nothing);
  });

  test('subscriptions and members without a connection', async () => {
    const open = await world.open('open');
    await world.connections.putSubscription('t', 'c', {
      connectionId: 'late',
      agentId: 'x',
      level: 0,
      echo: true,
      expiresAt: world.clock.time + hour,
    });
    await world.agents.addConnection('t', 'x', 'late', 9);
    expect(await run()).toMatchObject({ strays: 2 });
    expect(await subscribers()).toEqual(['open']);
    expect(world.agents.agent('t', 'x')?.status).toBe('offline');
    expect(await state(open)).toEqual(everything);
  });
});

// Fault schedule 23057: the subscription of a connection whose row did not name it outlived the sweep that removed the row.
describe('a subscription that its connection does not name, after subscribe and unsubscribe ran at the same time', () => {
  const leaveHalf = async (): Promise<Caller> => {
    const caller = await world.open('a', { level: 1 });
    const { connections } = world;
    const put = connections.putSubscription.bind(connections);
    connections.putSubscription = async (...args) => {
      connections.putSubscription = put;
      // All of the unsubscribe happens between the two writes of the subscribe.
      await unsubscribe(connections, caller, 'work');
      await put(...args);
    };
    await subscribe(connections, caller, ['work']);
    expect((await connections.getConnections(['a']))[0]?.channels).toEqual(['c']);
    expect(await subscribers('work')).toEqual(['a']);
    return caller;
  };

  test('goes with its connection when that is gone', async () => {
    await leaveHalf();
    world.sockets.closed.add('a');
    later(11 * minute);
    expect(await run()).toMatchObject({ gone: 1 });
    expect(await subscribers('work')).toEqual([]);
  });

  test('goes with its connection when that is over', async () => {
    await leaveHalf();
    later(2 * hour + 2 * minute);
    await run();
    expect(await subscribers('work')).toEqual([]);
  });

  test('goes with its connection when that ends while it is repaired', async () => {
    const caller = await leaveHalf();
    await world.agents.removeConnection('t', caller.agentId, 'a');
    later(11 * minute);
    const addConnection = world.agents.addConnection.bind(world.agents);
    world.agents.addConnection = (...args) => {
      world.sockets.closed.add('a');
      return addConnection(...args);
    };
    expect(await run()).toMatchObject({ gone: 1 });
    expect(await subscribers('work')).toEqual([]);
  });

  test('stays while its connection is open: nobody knows which of the two came last', async () => {
    await leaveHalf();
    later(11 * minute);
    expect(await run()).toMatchObject({ open: 1 });
    expect(await subscribers('work')).toEqual(['a']);
  });

  test('of another tenant under the same connection id is nothing of the connection', async () => {
    await world.open('a');
    const { connections } = world;
    const foreign = { connectionId: 'a', agentId: 'x', level: 1, echo: true, expiresAt: Infinity };
    await connections.putSubscription('other', 'work', foreign);
    const removed: string[] = [];
    connections.removeSubscription = (tenantId, channelId) => {
      removed.push(`${tenantId} ${channelId}`);
      return Promise.resolve();
    };
    world.sockets.closed.add('a');
    later(11 * minute);
    await run();
    expect(removed).toEqual(['t c']);
  });
});

test('watchers get an event for each agent that it turns offline', async () => {
  const watcher = await world.open('w', { level: 1, tokenExpiresAt: world.clock.time + 9 * hour });
  await world.send(watcher, { type: 'subscribe', id: 's', channel_id: '$presence' });
  await world.open('gone', { agentId: 'alice' });
  world.deps.invoker.started.length = 0;
  world.sockets.closed.add('gone');
  later(11 * minute);
  await run();
  expect(world.deps.invoker.started).toMatchObject([
    { functionName: 'presence', payload: { agent: 'alice', reason: 'disconnected', status: 'offline' } },
  ]);
});

test('asks 250 times a second at most', async () => {
  for (let n = 0; n < 1_000; n++) await connect(world.deps, world.caller(`c${n}`));
  later(11 * minute);
  const startedAt = world.clock.time;
  expect(await run()).toMatchObject({ open: 1_000 });
  expect(world.clock.time - startedAt).toBeGreaterThanOrEqual(3_990);
});

test('stops before its time is up, and the next run begins with those that it had no time for', async () => {
  for (let n = 0; n < 2_000; n++) await connect(world.deps, world.caller(`c${n}`));
  later(11 * minute);
  const asked = new Set<string>();
  world.sockets.status = (connectionId) => {
    asked.add(connectionId);
    return Promise.resolve('open');
  };
  const startedAt = world.clock.time;
  const first = await run(13_000);
  expect(world.clock.time - startedAt).toBeLessThanOrEqual(13_000);
  expect(first.left).toBeGreaterThan(500);
  expect((first.left ?? 0) + (first.open ?? 0)).toBe(2_000);
  await run(13_000);
  // Those of the first run come last in the second one.
  expect(asked.size).toBe(2_000);
});

test('no part waits for another one that it has no time for', async () => {
  // The first page holds the three subscriptions and two connections.
  store = new MemorySweepStore(world.connections, world.agents, 5);
  for (const id of ['a', 'b', 'c']) await world.open(id);
  later(11 * minute);
  const pages = store.pages.bind(store);
  store.pages = async function* (after) {
    for await (const page of pages(after)) {
      later(46_000);
      yield page;
    }
  };
  expect(await run(46_000 + 7_000)).toMatchObject({ whole: false, left: 2 });
  expect(await run()).toMatchObject({ whole: false, open: 1 });
  expect(await run()).toMatchObject({ whole: false, open: 2 });
});

test('a table whose first part is never done is swept all the same', async () => {
  store = new MemorySweepStore(world.connections, world.agents, 500);
  for (let n = 0; n < 1_000; n++) await connect(world.deps, world.caller(`c${String(n).padStart(4, '0')}`));
  const pages = store.pages.bind(store);
  store.pages = async function* (after) {
    for await (const page of pages(after)) {
      later(46_000);
      yield page;
    }
  };
  const asked = new Set<string>();
  world.sockets.status = (connectionId) => {
    asked.add(connectionId);
    return Promise.resolve('open');
  };
  later(10 * minute);
  for (let round = 0; round < 24; round++) {
    later(minute);
    await run(46_000 + 8_000 + 1_000);
  }
  expect(asked.size).toBe(1_000);
});

test('does not end what is still opening', async () => {
  const opening = world.caller('a', { tokenExpiresAt: world.clock.time + 2_000 });
  await connect(world.deps, opening);
  later(3_000);
  expect(await run()).toEqual({ rows: 2, whole: true });
  later(10_000);
  expect(await run()).toMatchObject({ expired: 1 });
  expect(await state(opening)).toEqual(nothing);
});

test('ends what is due to end before it asks about the others', async () => {
  for (let n = 0; n < 2_000; n++) await connect(world.deps, world.caller(`c${n}`));
  later(10 * minute);
  await connect(world.deps, world.caller('short', { tokenExpiresAt: world.clock.time + 20_000 }));
  later(minute);
  const summary = await run(13_000);
  expect(summary).toMatchObject({ expired: 1 });
  expect(summary.left).toBeGreaterThan(500);
});

test('does not take unread agents for agents without their connections', async () => {
  const open = await world.open('a');
  later(11 * minute);
  const agents = store.agents.bind(store);
  store.agents = async function* () {
    // A table of many agents that were here once takes all the time there is.
    later(46_000);
    yield await Promise.resolve([]);
    yield* agents(false);
  };
  expect(await run()).toMatchObject({ open: 1 });
  expect(await state(open)).toEqual(everything);
});

test('counts the agents that never connected of each tenant, and writes only what has changed', async () => {
  const sender = await world.open('sender');
  for (const to of ['n1', 'n2', 'n3']) await world.send(sender, { id: to, to, content: 1 });
  const puts = jest.spyOn(world.usage, 'putCounts');
  await run();
  expect(puts).not.toHaveBeenCalled();
  await world.open('n1', { agentId: 'n1' });
  await run();
  await run();
  expect(puts.mock.calls).toEqual([['t', { connections: 0, agents: 0, unknownAgents: 2 }]]);
});

test('counts connections and agents of each tenant where they have a quota, and not before', async () => {
  const quotas = { ...world.deps.quotas, connections: 9, agents: 9 };
  await world.open('a1', { agentId: 'a' });
  await world.open('a2', { agentId: 'a' });
  await world.open('o', { agentId: observerId('o') });
  const left = await world.open('left', { agentId: 'left' });
  await removeConnection(world.deps, { ...left, channels: ['c'] });
  const puts = jest.spyOn(world.usage, 'putCounts');
  await run();
  expect(puts).not.toHaveBeenCalled();
  const deadline = new Deadline(world.clock, world.clock.time + 115_000);
  await sweep({ ...world.deps, quotas, sweep: store }, deadline);
  expect(puts.mock.calls).toEqual([['t', { connections: 3, agents: 2, unknownAgents: 0 }]]);
});

test('counts nothing from a part of the agents', async () => {
  const sender = await world.open('sender');
  await world.send(sender, { id: 'm1', to: 'never', content: 1 });
  const puts = jest.spyOn(world.usage, 'putCounts');
  const agents = store.agents.bind(store);
  store.agents = async function* () {
    later(46_000);
    yield* agents(false);
  };
  await run();
  expect(puts).not.toHaveBeenCalled();
});

test('goes on behind a part of the table that it had time for, and begins again at its end', async () => {
  store = new MemorySweepStore(world.connections, world.agents, 2);
  for (const id of ['a', 'b', 'c']) await world.open(id);
  world.sockets.closed.add('a').add('b').add('c');
  later(11 * minute);
  const seen: boolean[] = [];
  for (let round = 0; round < 3; round++) {
    const pages = store.pages.bind(store);
    // Each page takes longer than reading may.
    store.pages = async function* (after) {
      for await (const page of pages(after)) {
        world.clock.time += 46_000;
        yield page;
      }
    };
    seen.push((await run()).whole);
    store.pages = pages;
  }
  expect(seen).toEqual([false, false, false]);
  expect((await store.cursor()).page).toBeUndefined();
  for (const id of ['a', 'b', 'c']) expect((await world.connections.getConnections([id])).length).toBe(0);
  expect(await subscribers()).toEqual([]);
});

test('a failure costs one connection, until the next run, and leaves a line', async () => {
  const [one, other] = [await world.open('one'), await world.open('other')];
  world.sockets.closed.add('one').add('other');
  later(11 * minute);
  const removeConnection = world.agents.removeConnection.bind(world.agents);
  world.agents.removeConnection = (...args) =>
    args[2] === 'one' ? Promise.reject(new Error('down')) : removeConnection(...args);
  expect(await run()).toMatchObject({ gone: 1, failed: 1 });
  expect(await state(other)).toEqual(nothing);
  expect((await state(one)).row).toBe(true);
  expect(world.deps.log.lines.map(({ event }) => event)).toContain('sweep_incomplete');
  world.agents.removeConnection = removeConnection;
  expect(await run()).toMatchObject({ gone: 1 });
  expect(await state(one)).toEqual(nothing);
});
