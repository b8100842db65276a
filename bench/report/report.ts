/** Writes `benchmarks.md` and its charts from the results. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Results } from '../results';
import { targetsOf } from '../targets';
import { barChart } from './chart';
import { chartsOf } from './charts';
import {
  broadcastSection,
  costSection,
  initSection,
  contenderSection,
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
    contenderSection(results.contenders, image('deliveries'), image('latency')),
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

${warnings.map((warning) => `**Warning:** ${warning}\n\n`).join('')}**How to read it.** Everything ran on one machine: clients, the laptop gateway, functions and tables share its cores. So only ratios within this page have a meaning,
and no time here is a time on AWS. A figure is the median of its repetitions, with the lowest and the highest in brackets. Counts of calls and billed
units are exact. A run fails when a message is lost, duplicated, reordered or corrupted, and never because of a time.`;
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
