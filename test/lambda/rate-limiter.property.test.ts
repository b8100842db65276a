/**
 * The rate limit over environments that share nothing but a counter, on a clock of its own: what gets through over minutes,
 * what it costs, and what a sender hears.
 */
import { MemoryRateCounter } from '../doubles/memory-rate-counter';
import { Unavailable } from '../../lambda/shared/ports';
import { RateLimiter, type RateLimits, refuseOverLimit } from '../../lambda/publish/rates/rate-limiter';
import { parseText } from '../../protocol/index';
import { FakeClock, FakeLog } from './world';

const off = { perSecond: 0, burst: 1 };
const limits: RateLimits = {
  agent: { perSecond: 50, burst: 100 },
  tenant: { perSecond: 1_000, burst: 2_000 },
  agentWork: off,
  tenantWork: off,
};
/** Estimates of `count` frames. */
const frames = (count: number, each = 1): number[] => Array<number>(count).fill(each);

/** Chance that is the same in each run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

class SeededClock extends FakeClock {
  override readonly random = chance(7);
}

function createFleet(environments: number, rateLimits: RateLimits = limits) {
  const clock = new SeededClock();
  const log = new FakeLog();
  const rateCounter = new MemoryRateCounter();
  const fleet = Array.from(
    { length: environments },
    () => new RateLimiter({ rateCounter, rateLimits, clock, log }),
  );
  return { clock, log, rateCounter, fleet };
}

interface Flow {
  readonly environments: number;
  readonly agents: number;
  readonly framesPerSecond: number;
  readonly seconds: number;
  readonly rateLimits?: RateLimits;
  /** Frames per text message. */
  readonly batch?: number;
}

/** Agents of one tenant that send evenly; each text message meets any environment. */
async function run({ environments, agents, framesPerSecond, seconds, rateLimits, batch = 1 }: Flow) {
  const { clock, rateCounter, fleet, log } = createFleet(environments, rateLimits);
  const pick = chance(environments * 31 + agents);
  const start = clock.time;
  let offered = 0;
  let admitted = 0;
  for (let sent = 0; sent < framesPerSecond * seconds; sent += batch) {
    clock.time = start + (sent / framesPerSecond) * 1_000;
    const limiter = fleet[Math.floor(pick() * environments)]!;
    const decision = await limiter.decide(
      { tenantId: 't', agentId: `a${String(sent % agents)}` },
      frames(batch),
    );
    await decision.reported;
    offered += batch;
    admitted += decision.admitted;
  }
  return { offered, admitted, writesPerFrame: rateCounter.writes / offered, lines: log.lines.length };
}

// RAT-4: forty environments need a minute to keep within a fifth.
describe.each([
  { environments: 1, seconds: 30 },
  { environments: 8, seconds: 30 },
  { environments: 40, seconds: 60 },
])('over $environments environments', ({ environments, seconds }) => {
  test.each([60, 100, 500, 1_000])('an agent that sends %i/s gets its rate and burst', async (rate) => {
    const { admitted, writesPerFrame } = await run({
      environments,
      agents: 1,
      framesPerSecond: rate,
      seconds,
    });
    const allowed = Math.min(100 + 50 * seconds, rate * seconds);
    expect(admitted / allowed).toBeGreaterThan(0.8);
    expect(admitted / allowed).toBeLessThan(1.2);
    // Where frames are refused the counter is asked, though not for every one of them.
    expect(writesPerFrame).toBeLessThanOrEqual(0.6);
  });

  test('an agent below half its rate costs a tenth of a report per message', async () => {
    const { admitted, offered, writesPerFrame } = await run({
      environments,
      agents: 1,
      framesPerSecond: 24,
      seconds: 120,
    });
    expect(admitted).toBe(offered);
    expect(writesPerFrame).toBeLessThanOrEqual(0.1);
  });

  // Where an environment sees a frame in a second, its reports are old, and several may come at once.
  test('an agent below the limit is hardly ever refused', async () => {
    const { admitted, offered, writesPerFrame } = await run({
      environments,
      agents: 1,
      framesPerSecond: 40,
      seconds: 120,
    });
    expect(admitted / offered).toBeGreaterThan(environments > 8 ? 0.98 : 0.9999);
    expect(writesPerFrame).toBeLessThanOrEqual(0.2);
  });

  test.each([1_500, 4_000])('agents that send %i/s together get the rate of their tenant', async (rate) => {
    const { admitted, writesPerFrame } = await run({
      environments,
      agents: 400,
      framesPerSecond: rate,
      seconds: 10,
    });
    const allowed = Math.min(2_000 + 1_000 * 10, rate * 10);
    expect(admitted / allowed).toBeGreaterThan(0.8);
    expect(admitted / allowed).toBeLessThan(1.2);
    expect(writesPerFrame).toBeLessThanOrEqual(0.2);
  });
});

test.each([100, 200, 500, 1_000])(
  'over forty environments an agent that sends %i/s gets at most two fifths more in half a minute',
  async (rate) => {
    const { admitted } = await run({ environments: 40, agents: 1, framesPerSecond: rate, seconds: 30 });
    expect(admitted).toBeLessThan(1.4 * (100 + 50 * 30));
  },
);

test('each frame of a batch counts', async () => {
  const { admitted } = await run({
    environments: 8,
    agents: 1,
    framesPerSecond: 500,
    seconds: 120,
    batch: 25,
  });
  const allowed = 100 + 50 * 120;
  expect(admitted / allowed).toBeGreaterThan(0.8);
  expect(admitted / allowed).toBeLessThan(1.2);
});

test('a rate of 0 is no limit, and costs nothing', async () => {
  const { admitted, offered, writesPerFrame } = await run({
    environments: 3,
    agents: 1,
    framesPerSecond: 5_000,
    seconds: 5,
    rateLimits: { ...limits, agent: off, tenant: off },
  });
  expect(admitted).toBe(offered);
  expect(writesPerFrame).toBe(0);
});

test('each of the two limits can be off alone', async () => {
  const flow = { environments: 1, agents: 1, framesPerSecond: 5_000, seconds: 5 };
  const tenantOnly = await run({ ...flow, rateLimits: { ...limits, agent: off } });
  expect(tenantOnly.admitted).toBeGreaterThan(6_000);
  expect(tenantOnly.admitted).toBeLessThan(8_400);
  const agentOnly = await run({ ...flow, rateLimits: { ...limits, tenant: off } });
  expect(agentOnly.admitted).toBeLessThanOrEqual(350);
});

test('what an agent is refused does not use up its tenant’s rate', async () => {
  const { clock, fleet } = createFleet(1);
  const limiter = fleet[0]!;
  for (let sent = 0; sent < 20_000; sent++) {
    clock.time += 0.1;
    await (
      await limiter.decide({ tenantId: 't', agentId: 'flood' }, frames(1))
    ).reported;
  }
  expect((await limiter.decide({ tenantId: 't', agentId: 'calm' }, frames(25))).admitted).toBe(25);
});

test('tenants and agents of one name do not count for each other', async () => {
  const { fleet } = createFleet(1);
  const limiter = fleet[0]!;
  expect((await limiter.decide({ tenantId: 't', agentId: 'a' }, frames(100))).admitted).toBe(100);
  expect((await limiter.decide({ tenantId: 't', agentId: 'a' }, frames(1))).admitted).toBe(0);
  for (const [tenantId, agentId] of [
    ['t', 'b'],
    ['u', 'a'],
    ['t/rate/agent', 'a'],
  ] as const) {
    expect((await limiter.decide({ tenantId, agentId }, frames(1))).admitted).toBe(1);
  }
});

test('a client that waits `retry_after_ms` is admitted', async () => {
  const { clock, fleet } = createFleet(1);
  const limiter = fleet[0]!;
  const who = { tenantId: 't', agentId: 'a' };
  await limiter.decide(who, frames(90));
  const { admitted, retryAfterMs } = await limiter.decide(who, frames(25));
  expect(admitted).toBe(10);
  expect(retryAfterMs).toBeGreaterThanOrEqual(300);
  // The whole burst, and what other environments may have let pass.
  expect(retryAfterMs).toBeLessThanOrEqual(2_000 + 800);
  clock.time += retryAfterMs;
  expect((await limiter.decide(who, frames(15))).admitted).toBe(15);
  clock.time += 2_000;
  expect((await limiter.decide(who, frames(100))).admitted).toBe(100);
});

test('an environment learns from its own report what the others have admitted', async () => {
  const { fleet } = createFleet(2);
  const who = { tenantId: 't', agentId: 'a' };
  await (
    await fleet[0]!.decide(who, frames(90))
  ).reported;
  await (
    await fleet[1]!.decide(who, frames(25))
  ).reported;
  expect((await fleet[1]!.decide(who, frames(1))).admitted).toBe(0);
});

test('a flood makes a line in ten seconds, with the number of frames', async () => {
  const { clock, fleet, log } = createFleet(1);
  const start = clock.time;
  let refused = 0;
  for (let sent = 0; sent < 30_000; sent++) {
    clock.time = start + sent;
    const { admitted, reported } = await fleet[0]!.decide({ tenantId: 't', agentId: 'a' }, frames(1));
    refused += 1 - admitted;
    await reported;
  }
  expect(log.lines.map(({ event }) => event)).toEqual(['rate_limited', 'rate_limited', 'rate_limited']);
  const logged = log.lines.reduce((sum, { fields }) => sum + Number(fields.frames), 0);
  expect(logged).toBeGreaterThan(refused / 2);
  expect(log.lines[0]?.fields).toMatchObject({ tenant_id: 't', agent_id: 'a', frames: 1 });
});

test('a counter that is down refuses nobody, and each environment still counts its own', async () => {
  const { fleet, rateCounter, log } = createFleet(1);
  rateCounter.add = () => Promise.reject(new Unavailable('down'));
  const first = await fleet[0]!.decide({ tenantId: 't', agentId: 'a' }, frames(100));
  await first.reported;
  expect(first.admitted).toBe(100);
  expect((await fleet[0]!.decide({ tenantId: 't', agentId: 'a' }, frames(1))).admitted).toBe(0);
  expect(log.lines[0]).toMatchObject({ event: 'rate_not_counted', fields: { error: 'Unavailable' } });
});

test('remembers a bounded number of agents, the latest', async () => {
  const { fleet, rateCounter } = createFleet(1);
  // Each environment counts by itself, so that only its own memory tells.
  rateCounter.add = () => Promise.reject(new Unavailable('down'));
  const decide = async (agentId: string) =>
    (await fleet[0]!.decide({ tenantId: agentId, agentId }, frames(100))).admitted;
  await decide('first');
  await decide('second');
  for (let n = 0; n < 2_490; n++) await decide(`a${String(n)}`);
  expect(await decide('first')).toBeLessThan(100);
  for (let n = 0; n < 20; n++) await decide(`b${String(n)}`);
  expect(await decide('first')).toBeLessThan(100);
  expect(await decide('second')).toBe(100);
});

describe('work', () => {
  const workLimits: RateLimits = {
    agent: off,
    tenant: off,
    agentWork: { perSecond: 1_000, burst: 2_000 },
    tenantWork: { perSecond: 6_000, burst: 12_000 },
  };
  const defaults: RateLimits = {
    ...workLimits,
    agentWork: { perSecond: 1_000, burst: 8_000 },
    tenantWork: { perSecond: 8_000, burst: 32_000 },
  };
  const who = { tenantId: 't', agentId: 'a' };

  test('the first frames whose estimates fit go', async () => {
    const { fleet } = createFleet(1, workLimits);
    const { admitted, estimate, retryAfterMs } = await fleet[0]!.decide(who, frames(25, 100));
    expect({ admitted, estimate }).toEqual({ admitted: 20, estimate: 2_000 });
    expect(retryAfterMs).toBeGreaterThanOrEqual(500);
  });

  test('what a frame has cost beyond its estimate is paid off before the next one goes', async () => {
    const { clock, fleet } = createFleet(1, workLimits);
    const decision = await fleet[0]!.decide(who, [3]);
    await fleet[0]!.charge(who, decision, 7_003);
    const { admitted, retryAfterMs } = await fleet[0]!.decide(who, [3]);
    expect(admitted).toBe(0);
    expect(retryAfterMs).toBeGreaterThanOrEqual(5_000);
    clock.time += retryAfterMs;
    expect((await fleet[0]!.decide(who, [3])).admitted).toBe(1);
  });

  // Frames that are sent at once and wait for an environment are served seconds later, with the time at which they came.
  test('a frame that took long does not use up the time of those that came with it', async () => {
    const { clock, fleet } = createFleet(1, workLimits);
    const cameAt = clock.time;
    for (let served = 0; served < 30; served++) {
      const decision = await fleet[0]!.decide(who, [4]);
      expect(decision.admitted).toBe(1);
      clock.time += 3_000;
      await fleet[0]!.charge(who, decision, 12);
      clock.time = cameAt;
    }
  });

  test('other environments learn of it', async () => {
    const { fleet } = createFleet(2, workLimits);
    await fleet[0]!.charge(who, await fleet[0]!.decide(who, [3]), 7_003);
    const decision = await fleet[1]!.decide(who, [101]);
    await decision.reported;
    expect((await fleet[1]!.decide(who, [3])).admitted).toBe(0);
  });

  test('what it has not cost is given back', async () => {
    const { fleet } = createFleet(1, workLimits);
    for (let sent = 0; sent < 500; sent++) {
      const decision = await fleet[0]!.decide(who, [50]);
      expect(decision.admitted).toBe(1);
      await decision.reported;
      await fleet[0]!.charge(who, decision, 1);
    }
  });

  test('agents share the work of their tenant', async () => {
    const { fleet } = createFleet(1, workLimits);
    for (let n = 0; n < 6; n++) {
      const agent = { tenantId: 't', agentId: `a${String(n)}` };
      await fleet[0]!.charge(agent, await fleet[0]!.decide(agent, [3]), 2_500);
    }
    expect((await fleet[0]!.decide({ tenantId: 't', agentId: 'late' }, [3])).admitted).toBe(0);
    expect((await fleet[0]!.decide({ tenantId: 'u', agentId: 'late' }, [3])).admitted).toBe(1);
  });

  interface WorkFlow {
    readonly environments: number;
    /** Of a text message, which is estimated as 5. */
    readonly cost: number;
    readonly perSecond: number;
    readonly agents?: number;
    readonly rateLimits?: RateLimits;
  }

  /** Agents of one tenant that send evenly for a minute. */
  async function workFlow({ environments, cost, perSecond, agents = 1, rateLimits = defaults }: WorkFlow) {
    const { clock, fleet, rateCounter } = createFleet(environments, rateLimits);
    const pick = chance(environments * 31 + cost);
    const start = clock.time;
    const seconds = 60;
    let admitted = 0;
    for (let sent = 0; sent < perSecond * seconds; sent++) {
      clock.time = start + (sent / perSecond) * 1_000;
      const limiter = fleet[Math.floor(pick() * environments)]!;
      const sender = { tenantId: 't', agentId: `a${String(sent % agents)}` };
      const decision = await limiter.decide(sender, [5]);
      await decision.reported;
      await limiter.charge(sender, decision, cost);
      admitted += decision.admitted;
    }
    const offered = perSecond * seconds;
    return { admitted, offered, writesPerFrame: rateCounter.writes / offered };
  }

  test.each([1, 8])(
    'over %i environments half the default rate with ten receivers costs a tenth of a report per message',
    async (environments) => {
      const { admitted, offered, writesPerFrame } = await workFlow({
        environments,
        cost: 13.4,
        perSecond: 24,
        rateLimits: { ...defaults, agent: limits.agent, tenant: limits.tenant },
      });
      expect(admitted).toBe(offered);
      expect(writesPerFrame).toBeLessThanOrEqual(0.1);
    },
  );

  test.each([1, 8, 40])('over %i environments the default rate with ten receivers is admitted', async (n) => {
    const { admitted, offered } = await workFlow({ environments: n, cost: 13.4, perSecond: 50 });
    expect(admitted).toBe(offered);
  });

  test.each([8, 40])(
    'over %i environments 2,500 deliveries a second of a tenant are admitted',
    async (environments) => {
      const { admitted, offered } = await workFlow({ environments, cost: 5.8, perSecond: 1_000, agents: 20 });
      expect(admitted).toBe(offered);
    },
  );

  test.each([1, 8])(
    'over %i environments frames that cost far more than estimated get their rate, and a fifth more at most',
    async (environments) => {
      const { admitted } = await workFlow({ environments, cost: 200, perSecond: 50 });
      const allowed = (8_000 + 1_000 * 60) / 200;
      expect(admitted / allowed).toBeGreaterThan(0.8);
      expect(admitted / allowed).toBeLessThan(1.2);
    },
  );
});

describe('refused frames', () => {
  const decision = (admitted: number) => ({ admitted, retryAfterMs: 40 });
  const errorsOf = (frames: unknown, admitted: number) =>
    refuseOverLimit(parseText(JSON.stringify(frames)), decision(admitted)).map((parsed) =>
      parsed.ok ? 'goes' : parsed.error,
    );
  const refusal = (messageId?: string | number) => ({ code: 'rate_limited', messageId, retryAfterMs: 40 });

  test('each with an id has an error of its own, good or bad', () => {
    const frames = [{ id: 'a', content: 1 }, { id: 'b', content: 1 }, { id: 7 }, { content: 1 }];
    expect(errorsOf(frames, 1)).toEqual(['goes', refusal('b'), refusal(7)]);
  });

  test('without any id there is one error', () => {
    expect(errorsOf([{ content: 1 }, { content: 2 }], 0)).toEqual([refusal()]);
    expect(errorsOf({ content: 1 }, 0)).toEqual([refusal()]);
  });

  test('none when all are admitted', () => {
    expect(errorsOf([{ id: 'a', content: 1 }, { id: 'b' }], 2)).toMatchObject(['goes', { messageId: 'b' }]);
  });
});
