/** The forecast's arithmetic: against hand-made sums, and (in cost-targets.test.ts) against what was counted. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { forecast, idleCounts, sweepCounts } from '../../bin/cost/forecast';
import type { Load } from '../../bin/cost/load';
import { billFor, noCounts } from '../../gateway/index';
import { artcafe } from '../cli/command-line';

const load: Load = {
  agents: 500,
  channels: 40,
  rate: 2,
  fanOut: 12,
  size: 1_200,
  ephemeral: false,
  publishOnly: false,
  events: false,
  publishQueue: false,
  memoryMb: 512,
};

test('a month of the example load', () => {
  const { publishes, bill, elsewhere } = forecast(load);
  expect(publishes).toBe(40 * 2 * 2_592_000);
  const millions = publishes / 1e6;
  const minutes = (500 * 43_200) / 1e6;
  expect(bill.floorDollars).toBeCloseTo(millions * 14 + minutes * 0.25);
  expect(bill.ratioToFloor).toBeGreaterThan(1);
  expect(bill.ratioToFloor).toBeLessThan(1.2);
  const [appSync, iotCore, ably, centrifugo] = elsewhere;
  expect(appSync!.dollars).toBeCloseTo(millions * 13 + minutes * 0.08 + 0.03);
  expect(iotCore!.dollars).toBeCloseTo(appSync!.dollars);
  expect(ably!.dollars).toBeCloseTo(29 + millions * 13 * 2.5 + minutes + (40 * 43_200) / 1e6);
  const gigabytesPerHour = (80 * 3_600 * 13 * 1_350) / 1e9;
  const hour = 2 * (0.03238 + 2 * 0.00356) + 4 * 0.005 + 0.0225 + gigabytesPerHour * 0.008 + 0.0256;
  expect(centrifugo!.dollars).toBeCloseTo(720 * hour);
});

test('twice the rate costs twice as much, but for the connections', () => {
  const idle = forecast({ ...load, rate: 1e-9 }).bill.dollars;
  const once = forecast(load).bill.dollars - idle;
  expect(forecast({ ...load, rate: 4 }).bill.dollars - idle).toBeCloseTo(2 * once);
});

test('an event for each publish costs a dollar a million, and none for an ephemeral one', () => {
  const extra = (more: Partial<Load>): number =>
    forecast({ ...load, ...more, events: true }).bill.dollars - forecast({ ...load, ...more }).bill.dollars;
  expect(extra({})).toBeCloseTo((40 * 2 * 2_592_000) / 1e6);
  expect(extra({ size: 100_000 })).toBeCloseTo((2 * 40 * 2 * 2_592_000) / 1e6);
  expect(extra({ ephemeral: true })).toBe(0);
});

test('an idle publish queue costs a quarter of a dollar for polls; a publish through it three requests to SQS and no message in', () => {
  const queueLine = (rate: number) =>
    forecast({ ...load, rate, publishQueue: true }).bill.lines.find(({ item }) => item === 'queueRequest')!;
  expect(queueLine(1e-12).count).toBeCloseTo(648_000, 0);
  expect(queueLine(1e-12).dollars).toBeCloseTo(0.26, 2);
  expect(queueLine(2).count - queueLine(1).count).toBeCloseTo(3 * 40 * 2_592_000);
  const { bill } = forecast({ ...load, rate: 1e-12, publishQueue: true });
  const lonely = forecast({ ...load, rate: 1e-12 }).bill;
  expect(bill.dollars - lonely.dollars).toBeCloseTo(0.26, 2);
});

test('the sweep asks about each connection in every run, and about 25,500 at most, and writes one row a run at most', () => {
  const runs = 12 * 24 * 30;
  expect(sweepCounts(1_000)).toMatchObject({
    writeUnits: 0,
    function: { requests: runs, furtherMs: 1_000 * runs * 4 },
  });
  expect(sweepCounts(1_000_000)).toMatchObject({
    writeUnits: runs,
    function: { furtherMs: 25_500 * runs * 4 },
  });
  expect(sweepCounts(0)).toMatchObject({ writeUnits: 0, readUnits: 2 * 12 * 24 * 30 });
});

test('one more idle agent costs at most $0.024 a month for minutes and pings, and $0.028 with rotation and sweep', () => {
  const dollars = (agents: number): number =>
    billFor(idleCounts({ agents, channelsPerAgent: 0, seconds: 30 * 86_400, memoryMb: 512 })).dollars;
  expect((dollars(2_000) - dollars(1_000)) / 1_000).toBeLessThanOrEqual(0.028);
  const [minutes, pings] = [43_200, 4_800];
  const ping = billFor({
    ...noCounts(),
    unitsIn: pings,
    unitsOut: pings,
    readUnits: 2 * pings,
    connectionMinutes: minutes,
    functions: {
      default: { memoryMb: 512, requests: pings, posts: pings, postRounds: pings, tableCalls: 2 * pings },
    },
  });
  expect(ping.dollars).toBeLessThanOrEqual(0.024);
});

test('others bill a large message in 5 KB steps, API Gateway in 32 KB steps', () => {
  const large = forecast({ ...load, size: 20_000 });
  expect(large.elsewhere[0]!.dollars).toBeGreaterThan(1.5 * large.bill.dollars);
});

test('the command prints the total, the ratio and the others', async () => {
  const { stdout, code } = await artcafe(['cost', '--agents', '500', '--fan-out', '12', '--size', '1200']);
  expect(code).toBe(0);
  for (const part of ['together', 'Ratio 1.', 'AWS AppSync Events', 'Ably']) expect(stdout).toContain(part);
  const wrong = await artcafe(['cost', '--rate', 'often']);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('--rate must be a number above 0, not "often".');
});

const options = { agents: 'agents', channels: 'channels', rate: 'rate', 'fan-out': 'fanOut', size: 'size' };

/** The load of a row in docs/costs.md, from the options of `artcafe cost` in it. */
function loadOf(text: string): Load {
  const numbers = Object.entries(options).map(([option, name]) => {
    const [, digits] = new RegExp(`--${option} ([0-9.]+)`).exec(text) ?? [];
    return [name, Number(digits)] as const;
  });
  const flags = { ephemeral: text.includes('--ephemeral'), publishOnly: text.includes('--publish-only') };
  return { ...load, ...Object.fromEntries(numbers), ...flags };
}

const costsPage = readFileSync(path.join(__dirname, '../../docs/costs.md'), 'utf8');
const rows = costsPage.split('\n').filter((line) => line.startsWith('|') && line.includes('`--agents'));

test('the page compares three loads, one of them in two ways', () => {
  expect(rows).toHaveLength(4);
});

test.each(rows)('%s', (row) => {
  const [text = '', ...dollars] = row.split('|').slice(1, -1);
  const { bill, elsewhere } = forecast(loadOf(text));
  expect(dollars.map((cell) => cell.trim())).toEqual(
    [bill, ...elsewhere].map((service) => Math.round(service.dollars).toLocaleString('en-US')),
  );
});
