/**
 * `benchmarks.md` and its charts, made from the results alone.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Results } from '../results';
import { targetsOf } from '../targets';
import { barChart, type Chart } from './chart';
import {
  broadcastSection,
  costSection,
  initSection,
  laneSection,
  serverSection,
  signingSection,
} from './sections';
import { table } from './table';

export function writeReport(folder: string, results: Results): void {
  const charts = chartsOf(results);
  if (Object.keys(charts).length > 0) mkdirSync(path.join(folder, 'benchmarks'), { recursive: true });
  for (const [name, chart] of Object.entries(charts)) {
    writeFileSync(path.join(folder, 'benchmarks', `${name}.svg`), barChart(chart));
  }
  const image = (name: string): string =>
    charts[name] === undefined ? '' : `![${charts[name].title}](benchmarks/${name}.svg)`;
  const parts = [
    head(results),
    targetSection(results),
    broadcastSection(results.broadcasts, image('broadcast')),
    laneSection(results.lanes, image('deliveries'), image('latency')),
    costSection(results.costs, image('costs')),
    serverSection(results.servers),
    signingSection(results.signing),
    initSection(results.init),
  ];
  writeFileSync(path.join(folder, 'benchmarks.md'), `${parts.filter((part) => part !== '').join('\n\n')}\n`);
}

function head({ circumstances }: Results): string {
  const { date, commit, processor, cores, memoryGb, node, versions, command, minutes, warnings } =
    circumstances;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `# Benchmarks

Made by \`${command}\` in ${minutes} minutes on ${date}; commit ${commit}. Do not edit: run it again.

Machine: ${processor}, ${cores} cores, ${memoryGb} GB; Node ${node}. Versions: ${packages.join(', ')}.

${warnings.map((warning) => `**Warning:** ${warning}\n\n`).join('')}**How to read it.** Everything ran on one machine: clients, the laptop gateway, functions and tables share its cores. So only ratios within this page mean
something, and no time here is a time on AWS. A figure is the median of its repetitions, with the lowest and the highest in brackets. Counts of calls and billed
units are exact. A run fails when a message is lost, doubled, reordered or damaged, and never because of a time.`;
}

function targetSection(results: Results): string {
  const targets = targetsOf(results);
  if (targets.length === 0) return '';
  const rows = targets.map(({ name, wanted, found, isMet }) => [
    name,
    wanted,
    found,
    isMet ? 'met' : '**not met**',
  ]);
  return `## Targets\n\n${table(['what', 'wanted', 'found', ''], rows)}`;
}

function chartsOf({ broadcasts, lanes, costs }: Results): Record<string, Chart> {
  const charts: Record<string, Chart> = {};
  if (broadcasts.length > 0) {
    charts.broadcast = {
      title: 'Processor time per delivery in µs (less is better)',
      groups: ['fresh process', 'warm'],
      series: broadcasts.map(({ kind, firstCpuUs, warmCpuUs }) => ({
        name: kind,
        values: [firstCpuUs.median, warmCpuUs.median],
      })),
      format: (value) => value.toFixed(0),
    };
  }
  const small = lanes.filter(({ bytes }) => bytes === 200);
  const widths = [...new Set(small.map(({ subscribers }) => subscribers))];
  const names = [...new Set(small.map(({ lane }) => lane))];
  const perLane = (pick: (result: (typeof small)[number]) => number) =>
    names.map((name) => ({
      name,
      values: widths.map((width) => {
        const result = small.find(({ lane, subscribers }) => lane === name && subscribers === width);
        return result && pick(result);
      }),
    }));
  const groups = widths.map((width) => `N = ${width}`);
  if (small.length > 0) {
    charts.deliveries = {
      title: 'Deliveries per second while busy, 200 B (more is better)',
      groups,
      series: perLane(({ deliveriesPerSecond }) => deliveriesPerSecond.median),
      format: (value) => value.toFixed(0),
      isLogarithmic: true,
    };
    charts.latency = {
      title: 'Latency p50 in ms from the scheduled send time, 200 B (less is better)',
      groups,
      series: perLane(({ p50Ms }) => p50Ms.median),
      format: (value) => value.toFixed(0),
      isLogarithmic: true,
    };
  }
  const ours = costs.filter(
    ({ lane, strangers, kind }) => lane === 'lean' && strangers === 0 && kind !== 'burst',
  );
  if (ours.length > 0) {
    const costWidths = [...new Set(ours.map(({ subscribers }) => subscribers))];
    charts.costs = {
      title: 'Price of a publish above the floor, in percent (less is better)',
      groups: costWidths.map((width) => `N = ${width}`),
      series: (['durable', 'ephemeral'] as const).map((wanted) => ({
        name: wanted,
        values: costWidths.map((width) => {
          const found = ours.find(({ kind, subscribers }) => kind === wanted && subscribers === width);
          return found && (found.ratioToFloor - 1) * 100;
        }),
      })),
      format: (value) => `${value.toFixed(1)} %`,
    };
  }
  return charts;
}
