/** What a tenant may store and have delivered in a day: when it is counted, by whom, and what is refused. */
import { DailyQuotas } from '../../lambda/publish/rates/daily-quotas';
import { publishQueueRoute } from '../../lambda/events/publish-queue';
import { Unavailable } from '../../lambda/shared/ports';
import { createWorld } from './world';

let world: ReturnType<typeof createWorld>;
let reports: jest.SpyInstance;

beforeEach(() => {
  world = createWorld();
  reports = jest.spyOn(world.usage, 'addDailyUse');
});

/** What one environment knows. */
const environment = (storedBytesPerDay: number, deliveriesPerDay: number): DailyQuotas =>
  new DailyQuotas({ ...world.deps, quotas: { storedBytesPerDay, deliveriesPerDay } });

async function use(daily: DailyQuotas, deliveries: number, storedBytes = 0): Promise<void> {
  daily.add('t', { deliveries, storedBytes });
  await daily.report('t');
}

test('is used up when all environments together have come to the quota', async () => {
  const [one, other] = [environment(0, 100), environment(0, 100)];
  await use(one, 60);
  expect(one.usedUp('t', false)).toBeUndefined();
  await use(other, 40);
  expect(other.usedUp('t', false)).toBe('deliveriesPerDay');
  await use(one, 1);
  expect(one.usedUp('t', true)).toBe('deliveriesPerDay');
  expect(one.usedUp('another', true)).toBeUndefined();
});

test('stored bytes are used up for what is stored only', async () => {
  const daily = environment(1_000, 0);
  await use(daily, 5_000, 1_000);
  expect(daily.usedUp('t', true)).toBe('storedBytesPerDay');
  expect(daily.usedUp('t', false)).toBeUndefined();
});

test('a new day begins with nothing used', async () => {
  const daily = environment(0, 10);
  await use(daily, 10);
  expect(daily.usedUp('t', false)).toBe('deliveriesPerDay');
  world.clock.time += 86_400_000;
  expect(daily.usedUp('t', false)).toBeUndefined();
});

test('an environment reports its first text message, then every 25th', async () => {
  const daily = environment(0, 1_000_000);
  await use(daily, 1);
  expect(reports).toHaveBeenCalledTimes(1);
  for (let n = 0; n < 24; n++) await use(daily, 1);
  expect(reports).toHaveBeenCalledTimes(1);
  await use(daily, 1);
  expect(reports).toHaveBeenCalledTimes(2);
  expect(await world.usage.addDailyUse('t', '2026-09-21', { storedBytes: 0, deliveries: 0 })).toEqual({
    storedBytes: 0,
    deliveries: 26,
  });
});

test('an environment reports a hundredth of the quota at once, and nothing where nothing was used', async () => {
  const daily = environment(10_000, 0);
  await use(daily, 0, 1);
  await use(daily, 0, 99);
  expect(reports).toHaveBeenCalledTimes(1);
  await use(daily, 0, 1);
  expect(reports).toHaveBeenCalledTimes(2);
  for (let n = 0; n < 30; n++) await daily.report('t');
  expect(reports).toHaveBeenCalledTimes(2);
});

test('a counter that is down refuses nobody, and the environment goes on with what it knows', async () => {
  reports.mockRejectedValue(new Unavailable('down'));
  const daily = environment(0, 10);
  await use(daily, 9);
  expect(daily.usedUp('t', false)).toBeUndefined();
  await use(daily, 1);
  expect(daily.usedUp('t', false)).toBe('deliveriesPerDay');
});

describe('a message over the quota', () => {
  const last = () => world.sockets.of('alice').at(-1);

  test('of stored bytes is refused by name, unless it is ephemeral', async () => {
    const alice = await world.open('alice');
    const deps = { ...world.deps, daily: environment(20, 0) };
    await world.sendWith(deps, alice, { id: 'm1', content: 'twenty bytes and more', echo: false });
    expect(last()).toMatchObject({ type: 'ACK' });
    await world.sendWith(deps, alice, { id: 'm2', content: 1, echo: false });
    expect(last()).toMatchObject({ code: 'limit_exceeded', message_id: 'm2' });
    expect(last()?.error).toContain('storedBytesPerDay');
    expect(last()).not.toHaveProperty('retry_after_ms');
    await world.sendWith(deps, alice, { id: 'm3', content: 1, ephemeral: true, echo: false });
    expect(last()).toMatchObject({ type: 'ACK', message_id: 'm3' });
  });

  test('of deliveries counts every copy, the sender’s own too', async () => {
    const alice = await world.open('alice');
    await world.open('bob');
    const deps = { ...world.deps, daily: environment(0, 2) };
    await world.sendWith(deps, alice, { id: 'm1', content: 1 });
    await world.sendWith(deps, alice, { id: 'm2', content: 1, ephemeral: true });
    expect(last()).toMatchObject({ code: 'limit_exceeded', message_id: 'm2' });
    expect(last()?.error).toContain('deliveriesPerDay');
  });

  test('of the publish queue goes back to the queue', async () => {
    const allowed = [{ tenant: 't', agents: ['cron'] }];
    const route = publishQueueRoute({
      ...world.deps,
      quotas: { ...world.deps.quotas, storedBytesPerDay: 20 },
      allowed,
    });
    const record = (messageId: string) => ({
      messageId,
      body: JSON.stringify({ tenant_id: 't', agent_id: 'cron', channel_id: 'c', content: 'x'.repeat(30) }),
    });
    expect(await route({ Records: [record('q1'), record('q2')] })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'q2' }],
    });
  });
});
