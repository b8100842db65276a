/**
 * Random schedules over real sockets, on the synthesized stack with the bundles as they are deployed, under random fault
 * plans. A few here; `npm run faults:sockets` runs hundreds.
 */
import { Bus } from '../helpers/bus';
import { needs } from '../helpers/target';
import { runBatch } from './socket-run';

const batches = 3;
const schedulesAtOnce = 14;

// A stage on AWS takes no fault plan.
needs('faults')(
  'the promises hold over sockets, whatever goes wrong behind them',
  async () => {
    const bus = await Bus.start({ faultPlan: {} });
    try {
      let fired = 0;
      let deliveries = 0;
      for (let batch = 0; batch < batches; batch++) {
        const seeds = Array.from({ length: schedulesAtOnce }, (_, index) => 100 * batch + index + 1);
        const { results, report } = await runBatch(bus, seeds);
        for (const { seed, violations } of results)
          expect({ seed, violations }).toEqual({ seed, violations: [] });
        fired += report.counts.reduce((sum, count) => sum + count.fired, 0);
        deliveries += results.reduce((sum, result) => sum + result.deliveries, 0);
      }
      // A run without deliveries or without faults would hold any promise.
      expect(fired).toBeGreaterThan(100);
      expect(deliveries).toBeGreaterThan(200);
    } finally {
      await bus.stop();
    }
  },
  // Half a minute when nobody else is at work; a busy machine may take as long as it needs.
  600_000,
);
