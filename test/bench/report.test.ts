/** What the benchmark makes of its results: which of them fail a run, which targets are met, and the page. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { barChart } from '../../bench/report/chart';
import { writeReport } from '../../bench/report/report';
import { violations, circumstances, type Results } from '../../bench/results';
import { isSeeded, seededId } from '../../bench/seeded';
import { figureOf, percentile } from '../../bench/stats';
import { targetsOf } from '../../bench/targets';
import { connectionIdShape } from '../../gateway/ids';

const one = (value: number) => ({ median: value, low: value, high: value });
const clean = { lost: 0, duplicated: 0, reordered: 0, corrupted: 0 };
const broadcast = (kind: 'lean' | 'sdk', cpuUs: number, ms: number) => ({
  ...{
    transport: 'plain' as const,
    recipients: 10_000,
    bytes: 200,
    latencyMs: 8,
    repetitions: 1,
    kind,
    lost: 0,
    duplicated: 0,
    timedOut: 0,
  },
  ...{
    firstMs: one(ms),
    warmMs: one(ms),
    firstCpuUs: one(cpuUs),
    warmCpuUs: one(cpuUs),
    rssAboveIdleMb: one(60),
  },
});
const contender = {
  ...{
    contender: 'lean' as const,
    subscribers: 10,
    bytes: 200,
    intervalMs: 50,
    publishes: 5,
    deliveries: 50,
    ...clean,
  },
  ...{ deliveriesPerSecond: one(1_000), p50Ms: one(3), p99Ms: one(9), ackP50Ms: one(2), ackP99Ms: one(4) },
  ...{ callsPerPublish: { 'execute-api:POST': 11 }, readUnitsPerPublish: 2, writeUnitsPerPublish: 1 },
  ...{ dollarsPerMillion: 13, ratioToFloor: 1.1 },
};
const cost = (subscribers: number, perDelivery: number) => ({
  ...{ contender: 'lean' as const, subscribers, kind: 'durable' as const, otherConnections: 0, bytes: 200 },
  ...{
    messagesPerPublish: 1,
    deliveries: subscribers,
    lost: 0,
    readUnitsPerPublish: 2,
    writeUnitsPerPublish: 1,
  },
  callsPerPublish: { 'dynamodb:PutItem': 1, 'dynamodb:Query': 2, 'execute-api:POST': subscribers + 1 },
  dollarsPerMillionMessages: 3 + subscribers * perDelivery,
  dollarsPerMillionDeliveries: perDelivery + 3 / subscribers,
  ratioToFloor: 1.005,
});
const results: Results = {
  circumstances: circumstances('npm run bench', 0, ['A warning.']),
  signing: [],
  broadcasts: [broadcast('lean', 80, 1_500), broadcast('sdk', 720, 9_000)],
  contenders: [contender],
  costs: [cost(100, 1), cost(1_000, 1.001), cost(10_000, 1.002)],
  servers: [],
  init: [],
};

test('a clean run is not broken; each kind of violation breaks it', () => {
  expect(violations(results)).toEqual([]);
  for (const name of Object.keys(clean)) {
    const complaints = violations({ ...results, contenders: [{ ...contender, [name]: 2 }] });
    expect(complaints).toEqual([`lean, 10 subscribers, 200 B: 2 ${name}`]);
  }
  expect(violations({ ...results, costs: [{ ...cost(100, 1), lost: 1 }] })).toHaveLength(1);
  expect(violations({ ...results, broadcasts: [{ ...broadcast('sdk', 1, 1), lost: 1 }] })).toHaveLength(1);
});

test('a slow run meets no target of time, and breaks nothing', () => {
  const slow = { ...results, broadcasts: [broadcast('lean', 700, 9_000), broadcast('sdk', 720, 9_000)] };
  expect(violations(slow)).toEqual([]);
  const missed = targetsOf(slow).filter(({ isMet }) => !isMet);
  expect(missed.map(({ wanted }) => wanted)).toEqual(['≥ 8', '≤ 2.0 s', '≤ 0.25']);
  expect(targetsOf(results).filter(({ isMet }) => !isMet)).toEqual([]);
});

test('the price of one more delivery may change by one percent', () => {
  const grown = { ...results, costs: [cost(100, 1), cost(1_000, 1), cost(10_000, 1.05)] };
  expect(targetsOf(grown).filter(({ isMet }) => !isMet)).toMatchObject([{ wanted: 'within 1 %' }]);
});

test('the page names commit, command and warnings, and no path or host', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-report-'));
  try {
    writeReport(folder, results);
    const page = readFileSync(path.join(folder, 'benchmarks.md'), 'utf8');
    for (const part of [
      'npm run bench',
      results.circumstances.commit,
      '**Warning:** A warning.',
      '## Targets',
    ]) {
      expect(page).toContain(part);
    }
    expect(page).not.toMatch(/\/(home|tmp|work|root|Users)\//);
    for (const [, file] of page.matchAll(/\]\((benchmarks\/[a-z]+\.svg)\)/g)) {
      expect(readFileSync(path.join(folder, file!), 'utf8')).toMatch(/^<svg /);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a chart has a bar per value, and none where nothing was measured', () => {
  const svg = barChart({
    title: 'a < b',
    groups: ['x', 'y'],
    series: [{ name: 's', values: [1, undefined] }],
    format: String,
  });
  // The background, the legend and one bar.
  expect(svg.match(/<rect/g)).toHaveLength(3);
  expect(svg).toContain('a &lt; b');
});

test('medians and percentiles are those of the nearest rank', () => {
  expect(figureOf([5, 1, 3])).toEqual({ median: 3, low: 1, high: 5 });
  expect(percentile([1, 2, 3, 4], 0.99)).toBe(4);
});

test('seeded ids have the format of the platform and can be recognized', () => {
  expect(seededId(123_456)).toMatch(connectionIdShape);
  expect(isSeeded(seededId(7))).toBe(true);
  expect(isSeeded('SEEDabcdefghijk=')).toBe(false);
  expect(isSeeded('abcdefghijklmno=')).toBe(false);
});
