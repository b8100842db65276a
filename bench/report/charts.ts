/** The charts of the benchmark report, by file name. A chart without data is left out. */
import type { Results } from '../results';
import type { Chart } from './chart';

export function chartsOf({ broadcasts, contenders, costs }: Results): Record<string, Chart> {
  return {
    ...(broadcasts.length === 0
      ? {}
      : { broadcast: broadcastChart(broadcasts.filter(({ transport }) => transport === 'plain')) }),
    ...contenderCharts(contenders.filter(({ bytes }) => bytes === 200)),
    ...costCharts(costs),
  };
}

function broadcastChart(broadcasts: Results['broadcasts']): Chart {
  return {
    title: 'Processor time per delivery in µs (less is better)',
    groups: ['new process', 'warm'],
    series: broadcasts.map(({ kind, firstCpuUs, warmCpuUs }) => ({
      name: kind,
      values: [firstCpuUs.median, warmCpuUs.median],
    })),
    format: wholeNumber,
  };
}

function contenderCharts(results: Results['contenders']): Record<string, Chart> {
  if (results.length === 0) return {};
  const widths = [...new Set(results.map(({ subscribers }) => subscribers))];
  const names = [...new Set(results.map(({ contender }) => contender))];
  const series = (valueOf: (result: (typeof results)[number]) => number) =>
    names.map((name) => ({
      name,
      values: widths.map((width) => {
        const result = results.find((each) => each.contender === name && each.subscribers === width);
        return result && valueOf(result);
      }),
    }));
  const shared = { groups: widths.map(groupName), format: wholeNumber, isLogarithmic: true };
  return {
    deliveries: {
      ...shared,
      title: 'Deliveries per second while busy, 200 B (more is better)',
      series: series(({ deliveriesPerSecond }) => deliveriesPerSecond.median),
    },
    latency: {
      ...shared,
      title: 'Latency p50 in ms from the scheduled send time, 200 B (less is better)',
      series: series(({ p50Ms }) => p50Ms.median),
    },
  };
}

function costCharts(costs: Results['costs']): Record<string, Chart> {
  const ours = costs.filter(
    ({ contender, otherConnections, kind }) =>
      contender === 'lean' && otherConnections === 0 && kind !== 'burst',
  );
  if (ours.length === 0) return {};
  const widths = [...new Set(ours.map(({ subscribers }) => subscribers))];
  const chart: Chart = {
    title: 'Price of a publish above the floor, in percent (less is better)',
    groups: widths.map(groupName),
    series: (['durable', 'ephemeral'] as const).map((kind) => ({
      name: kind,
      values: widths.map((width) => {
        const result = ours.find((each) => each.kind === kind && each.subscribers === width);
        return result && (result.ratioToFloor - 1) * 100;
      }),
    })),
    format: (value) => `${value.toFixed(1)} %`,
  };
  return { costs: chart };
}

function groupName(width: number): string {
  return `N = ${width}`;
}

function wholeNumber(value: number): string {
  return value.toFixed(0);
}
