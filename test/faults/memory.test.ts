/**
 * Random schedules in memory with every fault, each with all promises checked. Short here; `npm run faults:long` runs ten
 * thousand. A seed that fails is run alone by `npm run faults:long -- --from SEED --schedules 1`.
 */
import { check } from './checker';
import type { Counts } from './memory/chaos';
import { runSchedule } from './memory/schedule';

/** A few per test file: what a machine under load runs in 20 seconds. */
const schedules = 40;
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
}, 120_000);

test('the same seed gives the same run', async () => {
  const [first, second] = [await runSchedule(7, new Map()), await runSchedule(7, new Map())];
  expect(second.record.heard).toEqual(first.record.heard);
});
