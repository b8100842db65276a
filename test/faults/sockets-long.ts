/**
 * `npm run suite faults:sockets`: hundreds of random schedules over sockets under random fault plans, then every crash point of
 * the deployed bundles. Fails on any violation, and when a rule of the plans never fired.
 */
import { parseArgs } from 'node:util';
import { Bus } from '../helpers/bus';
import { crashEverywhere } from './socket-crashes';
import { candidates, nameOf } from './socket-plan';
import { runBatch } from './socket-run';

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    schedules: { type: 'string', default: '300' },
    /** Schedules side by side. */
    atOnce: { type: 'string', default: '10' },
    crashes: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const from = Number(values.from);
const schedules = Number(values.schedules);
const atOnce = Number(values.atOnce);

async function main(): Promise<void> {
  const startedAt = Date.now();
  const bus = await Bus.start({ faultPlan: {} });
  let failures = 0;
  const complain = (where: string, violations: readonly { rule: string; what: string }[]): void => {
    failures += 1;
    console.log(
      `${where}\n  ${violations
        .slice(0, 5)
        .map(({ rule, what }) => `${rule}: ${what}`)
        .join('\n  ')}`,
    );
  };

  const fired = new Map<string, number>(candidates.map(({ rule }) => [nameOf(rule), 0]));
  let deliveries = 0;
  for (let seed = from; seed < from + schedules; seed += atOnce) {
    const seeds = Array.from(
      { length: Math.min(atOnce, from + schedules - seed) },
      (_, index) => seed + index,
    );
    const { results, report } = await runBatch(bus, seeds);
    for (const result of results) {
      deliveries += result.deliveries;
      if (result.violations.length > 0)
        complain(`seed ${result.seed} of the batch from ${seed}`, result.violations);
    }
    for (const [index, { fired: count }] of report.counts.entries()) {
      const name = nameOf(report.plan.rules[index] ?? {});
      fired.set(name, (fired.get(name) ?? 0) + count);
    }
  }
  for (const [name, count] of fired) console.log(`${String(count).padStart(6)}  ${name}`);
  console.log(`\n${schedules} schedules, ${deliveries} deliveries checked, ${seconds(startedAt)} s`);

  let points = 0;
  if (values.crashes) {
    const crashesStartedAt = Date.now();
    for await (const result of crashEverywhere(bus)) {
      points += result.points;
      console.log(`${String(result.points).padStart(6)}  crash points of: ${result.scenario}`);
      for (const { point, violations } of result.failures)
        complain(`${result.scenario}, ${point}`, violations);
    }
    console.log(`\n${points} crash points, ${seconds(crashesStartedAt)} s`);
  }
  await bus.stop();
  const silent = schedules < 100 ? [] : [...fired].filter(([, count]) => count === 0);
  for (const [name] of silent) console.log(`"${name}" never fired`);
  process.exit(failures > 0 || silent.length > 0 ? 1 : 0);
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 1_000);
}

void main();
