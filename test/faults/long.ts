/**
 * `npm run suite faults:long`: thousands of random schedules in memory, in as many processes as there are cores. With `--fresh` from a
 * seed that nobody has chosen, with `--minutes` for as long as that. Fails on any violation; a run of ten thousand also on a fault kind that fired less than 50 times, when less than 30 % of the
 * deliveries came after a fault, and when it checks less than a million of them.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { check } from './checker';
import { type Counts, type Kind, kinds } from './memory/chaos';
import { runSchedule } from './memory/schedule';

const minFired = 50;
const minTroubled = 0.3;
const minDeliveries = 1_000_000;

/** Beyond the seeds that runs by hand begin with. */
const freshSeeds = { from: 1_000_000, count: 2_000_000_000 };
/** The number of schedules after which a process prints its progress. */
const progressSchedules = 250;

interface Tally {
  schedules: number;
  /** Of this process; every one before it has run. */
  nextSeed: number;
  deliveries: number;
  troubled: number;
  counts: [Kind, number][];
  failures: { seed: number; violations: string[] }[];
}

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    schedules: { type: 'string', default: '12500' },
    fresh: { type: 'boolean', default: false },
    /** Ends the run, however many schedules are left. */
    minutes: { type: 'string', default: 'Infinity' },
    /** Internal: every how many seeds a process takes one. */
    stride: { type: 'string' },
    /** Stops at the first failure: for planted bugs. */
    first: { type: 'boolean', default: false },
  },
});
const from = values.fresh
  ? freshSeeds.from + Math.floor(Math.random() * freshSeeds.count)
  : Number(values.from);
const schedules = Number(values.schedules);

async function work(stride: number): Promise<Tally> {
  const counts: Counts = new Map();
  const tally: Tally = { schedules: 0, nextSeed: from, deliveries: 0, troubled: 0, counts: [], failures: [] };
  let broken: unknown[] = [];
  // What nobody awaits and nobody catches would end the function's process.
  process.on('unhandledRejection', (reason) => broken.push(reason));
  const endsAt = performance.now() + Number(values.minutes) * 60_000;
  for (let seed = from; seed < from + schedules && performance.now() < endsAt; seed += stride) {
    broken = [];
    const result = await runSchedule(seed, counts);
    tally.schedules += 1;
    tally.nextSeed = seed + stride;
    tally.deliveries += result.deliveries;
    tally.troubled += result.troubled;
    const violations = [...result.violations, ...check(result.record)].map(
      ({ rule, what }) => `${rule}: ${what}`,
    );
    violations.push(...broken.map((reason) => `I9 unhandled: ${String(reason)}`));
    if (violations.length > 0) console.log(`seed ${seed} fails: ${violations.join('; ')}`);
    else if (tally.schedules % progressSchedules === 0)
      console.log(`${tally.schedules} schedules, the last of seed ${seed}`);
    if (violations.length > 0) tally.failures.push({ seed, violations: violations.slice(0, 5) });
    if (values.first && violations.length > 0) break;
  }
  tally.counts = [...counts];
  return tally;
}

function share(processes: number, index: number): Promise<Tally> {
  const seeds = ['--from', String(from + index), '--schedules', String(schedules - index)];
  const bounds = ['--stride', String(processes), '--minutes', values.minutes];
  const child = fork(__filename, [...seeds, ...bounds]);
  return new Promise((resolve, reject) => {
    child.once('message', (tally) => {
      resolve(tally as Tally);
    });
    child.once('exit', (code) => {
      if (code !== 0) reject(new Error(`A process of the run ended with ${String(code)}`));
    });
  });
}

async function main(): Promise<void> {
  if (values.stride !== undefined) {
    const tally = await work(Number(values.stride));
    process.send?.(tally, () => process.exit(0));
    return;
  }
  const startedAt = Date.now();
  console.log(`from seed ${from}`);
  // The first failure ends the run.
  const processes = values.first ? 1 : Math.min(availableParallelism(), schedules);
  const tallies = await Promise.all(Array.from({ length: processes }, (_, index) => share(processes, index)));
  report(tallies, Date.now() - startedAt);
}

function report(tallies: readonly Tally[], ms: number): void {
  const sum = (of: (tally: Tally) => number): number =>
    tallies.reduce((total, tally) => total + of(tally), 0);
  const fired = new Map<Kind, number>(kinds.map((kind) => [kind, 0]));
  for (const { counts } of tallies)
    for (const [kind, count] of counts) fired.set(kind, (fired.get(kind) ?? 0) + count);
  const deliveries = sum((tally) => tally.deliveries);
  const troubled = sum((tally) => tally.troubled);
  const failures = tallies.flatMap((tally) => tally.failures);
  const rare = [...fired].filter(([, count]) => count < minFired);

  for (const [kind, count] of fired) console.log(`${kind.padEnd(24)} ${count}`);
  const seconds = Math.round(ms / 1_000);
  const total = sum((tally) => tally.schedules);
  // Processes that were ended by the clock are not equally far.
  const upTo = Math.min(from + schedules, ...tallies.map((tally) => tally.nextSeed)) - 1;
  console.log(`\n${total} schedules in ${seconds} s, among them all of the seeds ${from} to ${upTo}`);
  console.log(`${deliveries} deliveries checked, ${troubled} of them after a fault`);
  for (const { seed, violations } of failures) console.log(`\nseed ${seed}\n  ${violations.join('\n  ')}`);
  for (const [kind, count] of rare) console.log(`"${kind}" fired only ${count} times`);
  const isTroubled = troubled >= minTroubled * deliveries && deliveries > 0;
  if (!isTroubled) console.log('Too few deliveries came after a fault');
  // A shorter run cannot meet every fault often, so it is not checked for that.
  const isShort = total < 10_000;
  const isFew = !isShort && deliveries < minDeliveries;
  if (isFew) console.log(`Less than ${minDeliveries} deliveries were checked`);
  const isWeak = !isShort && (rare.length > 0 || !isTroubled || isFew);
  process.exitCode = failures.length > 0 || isWeak ? 1 : 0;
}

void main();
