/** The model of internet scale: its parts against hand-made sums, and the same run for the same seed. */
import { simulateBroadcast } from '../../bench/scale/broadcast';
import { EventQueue } from '../../bench/scale/event-queue';
import { inputs, valuesOf } from '../../bench/scale/inputs';
import { lognormal, seeded } from '../../bench/scale/random';
import { cellsFor, needsOf, refusedShare } from '../../bench/scale/steady';
import { simulateStorm } from '../../bench/scale/storm';
import { TokenBucket } from '../../bench/scale/token-bucket';

const values = valuesOf();

test('a token bucket gives its burst at once and its rate after that', () => {
  const bucket = new TokenBucket(10, 5);
  const taken = (now: number) => Array.from({ length: 10 }, () => bucket.take(now)).filter(Boolean).length;
  expect(taken(0)).toBe(5);
  expect(taken(99)).toBe(0);
  expect(taken(300)).toBe(3);
  expect(taken(60_000)).toBe(5);
});

test('events come in the order of their times', () => {
  const queue = new EventQueue<number>();
  const random = seeded(1);
  const times = Array.from({ length: 500 }, () => Math.floor(random() * 100));
  for (const at of times) queue.add(at, at);
  const out: number[] = [];
  for (let next = queue.next(); next !== undefined; next = queue.next()) out.push(next.event);
  expect(out).toEqual([...times].sort((a, b) => a - b));
  expect(queue.isEmpty).toBe(true);
});

test('a seed gives the same numbers again, and a lognormal has its median', () => {
  const draw = (seed: number) => Array.from({ length: 3 }, seeded(seed));
  expect(draw(3)).toEqual(draw(3));
  expect(draw(3)).not.toEqual(draw(4));
  const random = seeded(5);
  const drawn = Array.from({ length: 10_001 }, () => lognormal(random, 15, 0.5)).sort((a, b) => a - b);
  expect(drawn[5_000]).toBeGreaterThan(14);
  expect(drawn[5_000]).toBeLessThan(16);
});

test('a broadcast within the burst reaches everybody; one far beyond it cannot', () => {
  const small = simulateBroadcast(4_000, values, seeded(1));
  expect(small).toMatchObject({ delivered: 4_000, leftToTheLog: 0, refusals: 0 });
  const wide = simulateBroadcast(60_000, values, seeded(1));
  expect(wide.delivered + wide.leftToTheLog).toBe(60_000);
  // The burst, and what flows in while the workers still try.
  expect(wide.delivered).toBeLessThan(5_000 + (10_000 * wide.lastMs) / 1_000 + 1);
  expect(wide.leftToTheLog).toBeGreaterThan(30_000);
  const raised = simulateBroadcast(
    60_000,
    { ...values, requestsPerSecond: 100_000, requestBurst: 60_000 },
    seeded(1),
  );
  expect(raised.leftToTheLog).toBe(0);
});

test('a storm takes as long as the handshakes take', () => {
  const { lastS, halfS, refusals } = simulateStorm(10_000, values, seeded(1));
  expect(halfS).toBeGreaterThanOrEqual((5_000 - 500) / 500);
  expect(lastS).toBeGreaterThanOrEqual((10_000 - 500) / 500);
  // The longest wait of the back-off on top.
  expect(lastS).toBeLessThan((10_000 - 500) / 500 + 60);
  expect(refusals).toBeGreaterThan(10_000);
  expect(simulateStorm(400, values, seeded(1)).refusals).toBe(0);
});

test('a steady load asks for the cells of its tightest quota', () => {
  const load = {
    connections: 1_000_000,
    publishesPerSecond: 10_000,
    fanOut: 10,
    bytes: 200,
    channels: 100_000,
  };
  const needs = needsOf(load, values);
  expect(needs[0]).toMatchObject({ needed: 120_000, cells: 15 });
  expect(needs[1]!.needed).toBeCloseTo(138.9, 1);
  expect(cellsFor(needs)).toBe(15);
  const oneChannel = needsOf({ ...load, channels: 1 }, values);
  expect(oneChannel[3]).toMatchObject({ needed: 10_000, perCell: 1_000, cells: undefined });
});

test('below the quota the bucket refuses next to nothing, above it the rest', () => {
  expect(refusedShare(0.5, 10, values, seeded(1), 5)).toBe(0);
  expect(refusedShare(2, 10, values, seeded(1), 10)).toBeGreaterThan(0.4);
});

test('every input says where it is from', () => {
  for (const { source, unit, value } of Object.values(inputs)) {
    expect(source.length).toBeGreaterThan(3);
    expect(unit.length).toBeGreaterThan(0);
    expect(value).toBeGreaterThan(0);
  }
});
