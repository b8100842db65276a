/**
 * Random schedules over real sockets, on the synthesized stack with the bundles as they are deployed, under random fault
 * plans. A few here; `npm run suite faults:sockets` runs hundreds.
 */
import { Bus } from '../helpers/bus';
import { needs } from '../helpers/target';
import { runBatch } from './socket-run';

const seeds = [1, 2, 3];

// A stage on AWS takes no fault plan.
needs('faults')('the promises hold over sockets under faults of the service', async () => {
  const bus = await Bus.start({ faultPlan: {} });
  try {
    const { results, report } = await runBatch(bus, seeds);
    for (const { seed, violations } of results)
      expect({ seed, violations }).toEqual({ seed, violations: [] });
    // A run without deliveries or without faults would hold any promise.
    expect(report.counts.reduce((sum, { fired }) => sum + fired, 0)).toBeGreaterThan(2.5 * seeds.length);
    expect(results.reduce((sum, { deliveries }) => sum + deliveries, 0)).toBeGreaterThan(3.75 * seeds.length);
  } finally {
    await bus.stop();
  }
});
