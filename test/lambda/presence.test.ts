/** Presence: what is said, asked and told, and who is spared the news of a short absence. */
import type { Caller } from '../../lambda/shared/caller';
import { Deadline } from '../../lambda/shared/deadline';
import { decodePresenceJob } from '../../lambda/agents/presence-job';
import { removeConnection } from '../../lambda/agents/remove-connection';
import { sendPresenceEvent } from '../../lambda/delivery/send-presence-event';
import { queryAgents } from '../../lambda/frames/presence';
import { MemoryAgentStore } from '../doubles/memory-agent-store';
import { createWorld } from './world';

let world: ReturnType<typeof createWorld>;
let watcher: Caller;
const one = { level: 1, channelId: undefined };

beforeEach(async () => {
  world = createWorld();
  watcher = await world.open('w', { ...one, agentId: 'watcher' });
});

const watch = () => world.send(watcher, { type: 'subscribe', id: 's', channel_id: '$presence' });
const open = (connectionId: string, agentId: string) => world.open(connectionId, { ...one, agentId });
const remove = (connectionId: string, agentId: string) =>
  removeConnection(world.deps, { connectionId, tenantId: 't', agentId, channels: [] });
const say = async (who: Caller, frame: object): Promise<Record<string, unknown>> => {
  world.sockets.posts.length = 0;
  await world.send(who, { type: 'presence', id: 'p', ...frame });
  return world.sockets.of(who.connectionId)[0]!;
};
const ask = (query: object) => say(watcher, { query });

/** Runs the function as often as it was started. */
async function tell(): Promise<void> {
  for (const { functionName, payload } of world.deps.invoker.started.splice(0)) {
    expect(functionName).toBe('presence');
    const order = decodePresenceJob(JSON.parse(JSON.stringify(payload)) as Record<string, unknown>);
    await sendPresenceEvent(world.deps, order, new Deadline(world.clock, world.clock.time + 50_000));
  }
}

const events = (): unknown[] =>
  world.sockets
    .of('w')
    .filter(({ type }) => type === 'presence')
    .map((event) => {
      const { reason, status } = event.content as Record<string, unknown>;
      return `${String(event.agent_id)} ${String(reason)} ${String(status)}`;
    });

test('without watchers no event is sent and no function is started', async () => {
  await open('a', 'alice');
  await remove('a', 'alice');
  expect(world.deps.invoker.started).toEqual([]);
});

test('watchers get arrivals, changes and departures, each with its version', async () => {
  await watch();
  const alice = await open('a', 'alice');
  await open('a2', 'alice');
  await say(alice, { status: 'busy', capabilities: ['x'] });
  await remove('a', 'alice');
  await remove('a2', 'alice');
  world.sockets.posts.length = 0;
  await tell();
  expect(events()).toEqual(['alice connected online', 'alice changed busy', 'alice disconnected offline']);
  const frames = world.sockets.of('w');
  const versions = frames.map(({ content }) => (content as { version: number }).version);
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
  expect(new Set(versions).size).toBe(3);
  expect(frames[1]).toMatchObject({
    type: 'presence',
    channel_id: '$presence',
    tenant_id: 't',
    agent_id: 'alice',
    metadata: {},
    content: { status: 'busy', capabilities: ['x'], reason: 'changed' },
  });
  expect(frames[1]).not.toHaveProperty('sequence');
});

test('a repeated value changes nothing and sends no event', async () => {
  const alice = await open('a', 'alice');
  await watch();
  const { version } = await say(alice, { status: 'busy', capabilities: ['x'] });
  expect(world.deps.invoker.started).toHaveLength(1);
  expect(await say(alice, { status: 'busy', capabilities: ['x'] })).toMatchObject({
    version,
    status: 'busy',
  });
  expect(await say(alice, {})).toMatchObject({ version, status: 'busy', capabilities: ['x'] });
  expect(world.deps.invoker.started).toHaveLength(1);
});

test('a return that the clocks put before the departure is announced, because the departure was', async () => {
  await watch();
  await open('a', 'alice');
  await remove('a', 'alice');
  const leftAt = world.clock.time;
  world.clock.time = leftAt - 5;
  await open('a2', 'alice');
  world.sockets.posts.length = 0;
  world.clock.time = leftAt + 20_000;
  await tell();
  expect(events().at(-1)).toBe('alice connected online');
  expect(events()).toHaveLength(3);
});

test('a connection that is not its agent’s any more can’t say anything', async () => {
  const alice = await open('a', 'alice');
  await remove('a', 'alice');
  await say(alice, { status: 'busy' });
  expect(world.sockets.of('a').flat()).toMatchObject([
    { type: 'ERROR', code: 'unavailable' },
    { type: 'GOAWAY', code: 'state_lost' },
  ]);
});

test('a watcher that is gone is removed, which is news in turn', async () => {
  await open('w2', 'other-watcher').then((other) =>
    world.send(other, { type: 'subscribe', id: 's', channel_id: '$presence' }),
  );
  await watch();
  world.sockets.closed.add('w2');
  await tell();
  await open('a', 'alice');
  await tell();
  await tell();
  expect(events()).toEqual(['alice connected online', 'other-watcher disconnected offline']);
});

test('a function that can’t be started costs nobody the connection', async () => {
  await watch();
  world.deps.invoker.start = () => Promise.reject(new Error('down'));
  await open('a', 'alice');
  expect(await world.agents.connectionIds('t', 'alice')).toEqual(['a']);
  expect(world.deps.log.lines).toContainEqual({
    event: 'presence_not_announced',
    fields: { tenant_id: 't', agent_id: 'alice', error: 'Error', reason: undefined },
  });
});

describe('a query', () => {
  test('is answered in pages of what fits, and finds everybody once', async () => {
    const capabilities = Array.from(
      { length: 50 },
      (_, n) => `${String(n).padStart(2, '0')}${'ä'.repeat(62)}`,
    );
    for (let n = 0; n < 12; n++) await say(await open(`c${n}`, `agent-${n}`), { capabilities });
    const found: unknown[] = [];
    let after: unknown;
    let pages = 0;
    do {
      const answer = await ask({ capability: capabilities[7], after });
      expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThanOrEqual(32_768);
      found.push(...(answer.agents as { agent_id: string }[]).map(({ agent_id }) => agent_id));
      after = answer.next;
      pages += 1;
    } while (after !== undefined);
    expect(pages).toBeGreaterThan(2);
    expect([...found].sort()).toEqual(Array.from({ length: 12 }, (_, n) => `agent-${n}`).sort());
  });

  test('reads a bounded number of agents, also those that do not match, and continues after them', async () => {
    for (let n = 0; n < 2_500; n++) {
      await world.agents.addConnection('t', `away-${n}`, `c${n}`, 1);
      await world.agents.removeConnection('t', `away-${n}`, `c${n}`);
    }
    const first = await ask({ online: true });
    expect(first.agents).toEqual([]);
    expect(first.next).toMatch(/^away-/);
    expect((await ask({ online: true, after: first.next })).agents).toMatchObject([{ agent_id: 'watcher' }]);
  });

  test('fills a page behind 3,000 agents that never connected', async () => {
    const missed = { tenantId: 't', sequence: 1, expiresAt: world.clock.time + 60_000 };
    for (let n = 0; n < 3_000; n++)
      await world.agents.recordMissed({ ...missed, agentId: `never-${n}` }, undefined);
    expect((await ask({ limit: 1 })).agents).toMatchObject([{ agent_id: 'watcher' }]);
  });

  test('ends with the page that its text message can still pay for, and says where to go on', async () => {
    for (const agentId of ['a', 'b', 'c', 'd']) await open(agentId, agentId);
    const agents = new MemoryAgentStore(world.clock, 2);
    agents.takeFrom(world.agents);
    const deps = { ...world.deps, agents };
    const any = { agentId: undefined, status: undefined, capability: undefined, online: undefined };
    const query = { ...any, limit: 100, after: undefined };
    expect(await queryAgents(deps, 't', query, { hasPage: false })).toMatchObject({
      agents: [{ agentId: 'a' }, { agentId: 'b' }],
      next: 'b',
    });
    expect((await queryAgents(deps, 't', query)).agents).toHaveLength(5);
  });

  test('does not know what is expired, though it may still be in the table', async () => {
    await open('a', 'alice');
    await remove('a', 'alice');
    expect((await ask({ agent_id: 'alice' })).agents).toHaveLength(1);
    world.clock.time += 31 * 86_400_000;
    watcher = { ...watcher, tokenExpiresAt: world.clock.time + 60_000 };
    expect((await ask({ agent_id: 'alice' })).agents).toEqual([]);
    expect((await ask({})).agents).toMatchObject([{ agent_id: 'watcher' }]);
  });
});

describe('with five seconds of grace', () => {
  const statusOf = async (agent: string) =>
    ((await ask({ agent_id: agent })).agents as { status: string; version: number }[])[0];

  beforeEach(async () => {
    world.deps.presenceGraceMs = 5_000;
    await watch();
    world.sockets.posts.length = 0;
  });

  /** Moves the clock by as little as it takes to open a connection. */
  const reopen = async (connectionId: string): Promise<void> => {
    const at = world.clock.time;
    await open(connectionId, 'alice');
    world.clock.time = at + 100;
  };

  test('an agent that comes back in time causes no events', async () => {
    await open('a', 'alice');
    await tell();
    await remove('a', 'alice');
    world.clock.time += 2_000;
    await reopen('a2');
    await tell();
    expect(events()).toEqual(['alice connected online']);
  });

  test('a query meanwhile shows it as online, with a version below that of the later event', async () => {
    await open('a', 'alice');
    const before = (await statusOf('alice'))!;
    await remove('a', 'alice');
    expect(await statusOf('alice')).toMatchObject({ status: 'online', version: before.version });
    await tell();
    expect(await statusOf('alice')).toMatchObject({ status: 'offline', version: before.version + 1 });
  });

  test('an agent that stays away is announced when the time is over, and so is its return', async () => {
    await open('a', 'alice');
    await remove('a', 'alice');
    await tell();
    await reopen('a2');
    await tell();
    expect(events()).toEqual([
      'alice connected online',
      'alice disconnected offline',
      'alice connected online',
    ]);
  });

  test('watchers that got the departure get the return, whatever the clocks say', async () => {
    await open('a', 'alice');
    await remove('a', 'alice');
    const leftAt = world.clock.time;
    await tell();
    world.sockets.posts.length = 0;
    world.clock.time = leftAt;
    await reopen('a2');
    await tell();
    expect(events()).toEqual(['alice connected online']);
  });

  test('a return in time with another status is announced', async () => {
    await say(await open('a', 'alice'), { status: 'busy' });
    await tell();
    world.sockets.posts.length = 0;
    await remove('a', 'alice');
    await reopen('a2');
    await tell();
    expect(events()).toEqual(['alice connected online']);
  });

  test('a departure that was never announced is shown when the time is over, and the return is announced', async () => {
    await open('a', 'alice');
    await remove('a', 'alice');
    world.deps.invoker.started.length = 0;
    world.clock.time += 7_000;
    expect(await statusOf('alice')).toMatchObject({ status: 'offline' });
    world.sockets.posts.length = 0;
    await reopen('a2');
    await tell();
    expect(events()).toEqual(['alice connected online']);
  });

  test('a departure that nobody watches counts at once', async () => {
    await world.send(watcher, { type: 'unsubscribe', id: 'u', channel_id: '$presence' });
    await open('a', 'alice');
    await remove('a', 'alice');
    expect(world.deps.invoker.started).toEqual([]);
    expect(await statusOf('alice')).toMatchObject({ status: 'offline' });
  });
});
