/** The forecast's arithmetic: against hand-made sums, and (in cost-targets.test.ts) against what was counted. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { forecast, idleCounts, sweepCounts } from '../../bin/forecast';
import type { Load } from '../../bin/load';
import { billFor, noCounts } from '../../gateway/index';
import { runCommand } from '../bin/run-command';

const load: Load = {
  agents: 500,
  channels: 40,
  rate: 2,
  fanOut: 12,
  size: 1_200,
  ephemeral: false,
  publishOnly: false,
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
    functions: { default: { memoryMb: 512, requests: pings, posts: pings } },
  });
  expect(ping.dollars).toBeLessThanOrEqual(0.024);
});

test('others bill a large message in 5 KB steps, API Gateway in 32 KB steps', () => {
  const large = forecast({ ...load, size: 20_000 });
  expect(large.elsewhere[0]!.dollars).toBeGreaterThan(1.5 * large.bill.dollars);
});

test('the command prints the total, the ratio and the others', async () => {
  const { stdout, code } = await runCommand('cost.ts', [
    '--agents',
    '500',
    '--fan-out',
    '12',
    '--size',
    '1200',
  ]);
  expect(code).toBe(0);
  for (const part of ['together', 'Ratio 1.', 'AWS AppSync Events', 'Ably']) expect(stdout).toContain(part);
  const wrong = await runCommand('cost.ts', ['--rate', 'often']);
  expect(wrong.code).not.toBe(0);
  expect(wrong.stderr).toContain('--rate must be a number above 0, not "often".');
});

const options = { agents: 'agents', channels: 'channels', rate: 'rate', 'fan-out': 'fanOut', size: 'size' };

/** The load of a row in docs/costs.md, from the options of `npm run cost` in it. */
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
