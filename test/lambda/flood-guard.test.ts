/** Clients that ignore refusals (RAT-6): when their agent counts as one, over environments, and what happens then. */
import { Unavailable } from '../../lambda/shared/ports';
import { connect } from '../../lambda/agents/connect';
import { expel, FloodGuard } from '../../lambda/publish/rates/flood-guard';
import { createWorld } from './world';

const who = { tenantId: 't', agentId: 'a' };

function createGuards(environments: number) {
  const world = createWorld();
  return { ...world, guards: Array.from({ length: environments }, () => new FloodGuard(world.deps, 100)) };
}

test.each([1, 8])(
  'over %i environments an agent is refused 2,000 frames at once, and no 4,000',
  async (n) => {
    const { guards } = createGuards(n);
    let refused = 0;
    for (; refused < 10_000; refused += 25) if (await guards[(refused / 25) % n]!.isFlood(who, 25)) break;
    expect(refused).toBeGreaterThanOrEqual(1_900);
    expect(refused).toBeLessThan(4_000);
    expect(await guards[0]!.isFlood({ tenantId: 't', agentId: 'calm' }, 25)).toBe(false);
  },
);

test('an agent that is refused thirty frames a second is none', async () => {
  const { guards, clock } = createGuards(1);
  for (let second = 0; second < 300; second++) {
    clock.time += 1_000;
    expect(await guards[0]!.isFlood(who, 30)).toBe(false);
  }
});

test('counting costs twenty reports until then', async () => {
  const { guards, rateCounter } = createGuards(1);
  for (let refused = 0; refused < 2_000; refused += 25) await guards[0]!.isFlood(who, 25);
  expect(rateCounter.writes).toBeLessThanOrEqual(40);
});

test('its connection is closed, and its agent is refused for a minute, however many are closed', async () => {
  const world = createWorld();
  const caller = await world.open('a1', { level: 1 });
  await expel(world.deps, caller);
  await expel(world.deps, caller);
  expect(world.sockets.of('a1')).toMatchObject([{ type: 'GOAWAY', code: 'rate_limited', reconnect: true }]);
  expect(world.sockets.closed.has('a1')).toBe(true);
  const again = () => connect(world.deps, world.caller('a2', { agentId: caller.agentId }));
  expect(await again()).toBe('flood');
  expect(await world.connections.getConnections(['a2'])).toEqual([]);
  expect(await connect(world.deps, world.caller('b1'))).toBe('connected');
  world.clock.time += 60_000;
  expect(await again()).toBe('connected');
});

test('a counter that is down refuses no handshake', async () => {
  const world = createWorld();
  world.rateCounter.usedUntil = () => Promise.reject(new Unavailable('down'));
  expect(await connect(world.deps, world.caller('a1'))).toBe('connected');
});
