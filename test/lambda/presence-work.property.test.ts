/** RAT-5: what the events about a change of presence cost is charged to the agent that makes it, and to its tenant. */
import { presenceRoute } from '../../lambda/events/presence';
import { RateLimiter } from '../../lambda/publish/rates/rate-limiter';
import type { Caller } from '../../lambda/shared/caller';
import { agentWorkSubject, tenantWorkSubject } from '../../lambda/shared/subjects';
import { createWorld } from './world';

const watchers = 60;
let world: ReturnType<typeof createWorld>;
let alice: Caller;

beforeEach(async () => {
  world = createWorld();
  const { deps, connections } = world;
  alice = await world.open('a', {
    level: 1,
    agentId: 'alice',
    tokenExpiresAt: world.clock.time + 86_400_000,
  });
  for (let n = 0; n < watchers; n++) {
    const { connectionId, agentId, tokenExpiresAt: expiresAt } = await world.open(`w${String(n)}`);
    const watcher = { connectionId, agentId, level: 0, echo: true, expiresAt: expiresAt + 86_400_000 };
    await connections.putSubscription('t', '$presence', watcher);
  }
  deps.invoker.started.length = 0;
});

/** Runs the function as often as it was started. */
async function tell(): Promise<void> {
  const route = presenceRoute(world.deps);
  for (const { payload } of world.deps.invoker.started.splice(0)) await route(payload);
}

const change = (n: number) => world.send(alice, { type: 'presence', id: 'p', status: `busy ${String(n)}` });

/** Of the burst of the agent and of the tenant, in units. */
async function used(): Promise<readonly number[]> {
  const { rateCounter, rateLimits, clock } = world.deps;
  const unitsOf = async (subject: string, { perSecond, burst }: { perSecond: number; burst: number }) =>
    Math.max(0, ((await rateCounter.usedUntil(subject)) - clock.time) * (perSecond / 1_000) + burst);
  return [
    await unitsOf(agentWorkSubject('t', 'alice'), rateLimits.agentWork),
    await unitsOf(tenantWorkSubject('t'), rateLimits.tenantWork),
  ];
}

test('sixty changes for sixty watchers use up as much as 3,600 messages', async () => {
  for (let n = 0; n < 60; n++) await change(n);
  await tell();
  const [agent = 0, tenant = 0] = await used();
  // An environment reports when 5 % of the burst is unreported.
  expect(agent).toBeGreaterThan(3_600 - 400);
  expect(agent).toBeLessThan(3_800);
  expect(tenant).toBeGreaterThan(3_600 - 1_600);
  expect(tenant).toBeLessThan(3_800);
  expect(world.log.lines.at(-1)?.fields.work_units).toBe(60.4);
  expect(world.rateCounter.writes).toBeLessThanOrEqual(12);
});

test('an agent that has used up its burst with them is refused its next frame', async () => {
  for (let n = 0; n < 200; n++) await change(n);
  await tell();
  const limiter = new RateLimiter(world.deps);
  // Its first report tells the environment what others have charged.
  await (
    await limiter.decide(alice, [401])
  ).reported;
  expect(await limiter.decide(alice, [3])).toMatchObject({ admitted: 0 });
});

test('agents that come and go are charged nothing, so that a fleet may connect again at once', async () => {
  for (let n = 0; n < 60; n++) {
    await world.agents.removeConnection('t', 'bob', 'b');
    await world.open('b', { agentId: 'bob', tokenExpiresAt: world.clock.time + 60_000 });
  }
  expect(world.deps.invoker.started).toHaveLength(60);
  await tell();
  expect(world.sockets.of('w0').filter(({ type }) => type === 'presence')).toHaveLength(60);
  expect(world.rateCounter.writes).toBe(0);
});
