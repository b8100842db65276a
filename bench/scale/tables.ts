/** The tables of `docs/scale.md`. */
import { publishCounts } from '../../bin/cost/forecast';
import { billFor } from '../../gateway/index';
import { number, table } from '../report/table';
import { simulateBroadcast } from './broadcast';
import { type Input, inputs, type Inputs } from './inputs';
import { loads, million, type NamedLoad, seed, tenfold } from './loads';
import { seeded } from './random';
import { cellsFor, type Need, needsOf, refusedShare } from './steady';
import { simulateStorm } from './storm';

export function inputTable(): string {
  const rows = Object.values(inputs as Record<string, Input>).map(({ value, unit, mark, source }) => [
    unit,
    number(value, Number.isInteger(value) ? 0 : 3),
    mark,
    source,
  ]);
  return table(['input', 'value', 'mark', 'source'], rows);
}

export function steadySection(load: NamedLoad, values: Inputs): string {
  const needs = needsOf(load, values);
  const rows = needs.map(({ quota, needed, perCell, cells }: Need) => [
    quota,
    number(needed, needed < 10 ? 2 : 0),
    number(perCell),
    cells === undefined ? (needed > perCell ? '**too much for one channel**' : 'fits') : String(cells),
  ]);
  const raised = cellsFor(
    needsOf(load, { ...values, ...tenfold, connectsPerSecond: 5_000, concurrency: 10_000 }),
  );
  return `### ${load.name}

${table(['quota', 'needed', 'per cell', 'cells'], rows)}

${cellsFor(needs)} ${cellsFor(needs) === 1 ? 'cell' : 'cells'} with default quotas, ${raised} with all of them raised tenfold.`;
}

export function refusalTable(values: Inputs): string {
  const shares = [0.5, 0.8, 0.95, 1.1];
  const rows = [10, 1_000].map((fanOut) => [
    `fan-out ${number(fanOut)}`,
    ...shares.map((share) => `${(refusedShare(share, fanOut, values, seeded(seed)) * 100).toFixed(2)} %`),
  ]);
  return table(['', ...shares.map((share) => `${number(share * 100)} % of the quota`)], rows);
}

export function broadcastTable(values: Inputs): string {
  const cases: readonly (readonly [number, number, Partial<Inputs>, string])[] = [
    [1_000, 1, {}, 'default'],
    [10_000, 1, {}, 'default'],
    [100_000, 1, {}, 'default'],
    [100_000, 1, tenfold, '100,000/s'],
    [million, 1, {}, 'default'],
    [million, 10, tenfold, '100,000/s'],
    [million, 100, {}, 'default'],
    [million, 200, {}, 'default'],
  ];
  const rows = cases.map(([subscribers, cells, changes, quota]) => {
    // Cells are alike and independent: one is run.
    const outcome = simulateBroadcast(subscribers / cells, { ...values, ...changes }, seeded(seed));
    const share = (outcome.delivered * cells * 100) / subscribers;
    return [
      `${number(subscribers)} in ${cells} ${cells === 1 ? 'cell' : 'cells'}, quota ${quota}`,
      `${share.toFixed(1)} %`,
      number(outcome.leftToTheLog * cells),
      number(outcome.refusals * cells),
      number(outcome.p50Ms),
      number(outcome.p99Ms),
      number(outcome.lastMs),
    ];
  });
  return table(['subscribers', 'live', 'left to the log', 'refusals', 'p50 ms', 'p99 ms', 'last ms'], rows);
}

export function stormTable(values: Inputs): string {
  const cases: readonly (readonly [number, number])[] = [
    [10_000, 500],
    [100_000, 500],
    [100_000, 5_000],
  ];
  const rows = cases.map(([clients, connectsPerSecond]) => {
    const changes = { connectsPerSecond, connectBurst: connectsPerSecond };
    const { refusals, halfS, p99S, lastS } = simulateStorm(clients, { ...values, ...changes }, seeded(seed));
    return [
      `${number(clients)} at ${number(connectsPerSecond)}/s`,
      number(halfS),
      number(p99S),
      number(lastS),
      number(refusals / clients, 1),
    ];
  });
  return table(['clients in one cell', 'half back, s', '99 %, s', 'last, s', 'refusals per client'], rows);
}

export function costTable(values: Inputs): string {
  const rows = loads.map((load) => {
    const { name, publishesPerSecond, fanOut, bytes } = load;
    const { dollars } = billFor(
      publishCounts({ fanOut, size: bytes, ephemeral: false, memoryMb: 512, localEcho: true }),
    );
    return [
      name,
      number(publishesPerSecond * fanOut),
      `$${number(dollars * publishesPerSecond * 3_600, 2)}`,
      String(cellsFor(needsOf(load, values))),
    ];
  });
  return table(['load', 'deliveries/s', 'messages, per hour', 'cells by default'], rows);
}
