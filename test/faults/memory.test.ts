/**
 * Random schedules in memory with every fault, each with all promises checked. Few here; `npm run suite faults:long` runs ten
 * thousand. A seed that fails is run alone by `npm run suite faults:long -- --from SEED --schedules 1`.
 */
import { seededRandom } from '../../gateway/faults/decisions';
import { sized } from '../helpers/long';
import { check } from './checker';
import type { Counts } from './memory/chaos';
import { Downlink } from './memory/downlink';
import { runSchedule } from './memory/schedule';
import { VirtualTime } from './memory/virtual-time';

/**
 * Schedules that once failed. A change to what schedules do makes other schedules of these seeds; the direct test of each
 * cause is named with it.
 */
const onceFailed = [
  [23057, 'a subscription outlived its connection (test/lambda/sweep.test.ts)'],
  [31181, 'REPLAYED overtook what was replayed (below)'],
  [
    43443231,
    'the checker expected what was pushed to a connection that was closing, which INB-1 excepts (the schedule itself)',
  ],
  [
    1114463732,
    'the checker blamed a fan-out that ran while a connection had unsubscribed and came back (the schedule itself)',
  ],
] as const;

const schedules = sized({ usual: 10, long: 40 });
const firstSeed = 1;

test('the promises hold in random schedules with faults', async () => {
  const counts: Counts = new Map();
  let deliveries = 0;
  for (let seed = firstSeed; seed < firstSeed + schedules; seed++) {
    const result = await runSchedule(seed, counts);
    expect({ seed, violations: [...result.violations, ...check(result.record)] }).toEqual({
      seed,
      violations: [],
    });
    deliveries += result.troubled;
  }
  // A run without deliveries or without faults would hold any promise.
  expect(deliveries).toBeGreaterThan(schedules * 30);
  expect(counts.size).toBeGreaterThan(25);
});

test.each(onceFailed)('the promises hold in the schedule of seed %i: %s', async (seed) => {
  const result = await runSchedule(seed, new Map());
  expect([...result.violations, ...check(result.record)]).toEqual([]);
});

test('what is posted to a socket one after another arrives in that order', async () => {
  const time = new VirtualTime(seededRandom(1));
  const downlink = new Downlink(time);
  const posted: number[] = [];
  const arrived: number[] = [];
  for (let index = 0; index < 200; index++)
    // Also within a millisecond.
    time.after(time.random() * 1_000, () => {
      posted.push(index);
      downlink.arrive(() => arrived.push(index));
    });
  await time.runUntil(time.now() + 2_000);
  expect(posted).toHaveLength(200);
  expect(arrived).toEqual(posted);
});

test('the same seed gives the same run', async () => {
  const [first, second] = [await runSchedule(7, new Map()), await runSchedule(7, new Map())];
  expect(second.record.received).toEqual(first.record.received);
});
