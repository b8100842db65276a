/** The results of a run, from which the report is written. They contain no machine name and no path. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import type { BroadcastResult } from './broadcast/run';
import { canPin } from './child';
import type { CostResult } from './costs/run';
import type { InitResult } from './init/run';
import type { Violations } from './contenders/delivery-stats';
import type { ContenderResult } from './contenders/run';
import type { ServerResult } from './servers/run';
import type { SigningResult } from './signing/run';

export interface Circumstances {
  readonly date: string;
  readonly commit: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly command: string;
  readonly minutes: number;
  readonly warnings: readonly string[];
}

export interface Results {
  readonly circumstances: Circumstances;
  readonly signing: readonly SigningResult[];
  readonly broadcasts: readonly BroadcastResult[];
  readonly contenders: readonly ContenderResult[];
  readonly costs: readonly CostResult[];
  readonly servers: readonly ServerResult[];
  readonly init: readonly InitResult[];
}

const repository = path.join(__dirname, '..');
const named = [
  '@aws-sdk/client-apigatewaymanagementapi',
  '@aws-sdk/client-dynamodb',
  'dynalite',
  'socket.io',
  'ws',
];
/** Above this share of the cores, other programs disturb the run. */
const busyShare = 0.5;

export function loadWarnings(): string[] {
  const [load = 0] = loadavg();
  const warnings: string[] = [];
  if (load > cpus().length * busyShare) {
    warnings.push(
      `The machine was busy before the run (load ${load.toFixed(1)} on ${cpus().length} cores): times are too long, and ratios of times are off.`,
    );
  }
  if (!canPin) warnings.push('Processes did not have their own cores.');
  return warnings;
}

export function circumstances(
  command: string,
  startedAt: number,
  warnings: readonly string[],
): Circumstances {
  const manifest = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const all = { ...manifest.dependencies, ...manifest.devDependencies };
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    versions: Object.fromEntries(named.map((name) => [name, all[name] ?? 'unknown'])),
    command,
    minutes: Math.round((performance.now() - startedAt) / 6_000) / 10,
    warnings,
  };
}

function commit(): string {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: repository, stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  try {
    const isChanged =
      git('status', '--porcelain', '--', 'lambda', 'gateway', 'protocol', 'lib', 'bench') !== '';
    return git('rev-parse', '--short=10', 'HEAD') + (isChanged ? ' with changes' : '');
  } catch {
    return 'unknown';
  }
}

/** One sentence per violation. Only violations fail a run, never a time. */
export function violations({ broadcasts, contenders, costs, servers }: Results): string[] {
  const failures: string[] = [];
  const check = (who: string, violations: Partial<Violations>): void => {
    for (const [name, count] of Object.entries(violations)) {
      if (count > 0) failures.push(`${who}: ${count} ${name}`);
    }
  };
  for (const each of broadcasts) {
    const { kind, recipients, transport, lost, duplicated } = each;
    check(`${kind}, broadcast to ${recipients}, ${transport}`, { lost, duplicated });
  }
  for (const each of [...contenders, ...servers]) {
    const { lost, duplicated, reordered, corrupted, subscribers, bytes } = each;
    const name = 'contender' in each ? each.contender : each.kind;
    check(`${name}, ${subscribers} subscribers, ${bytes} B`, { lost, duplicated, reordered, corrupted });
  }
  for (const each of costs)
    check(`${each.contender}, ${each.kind} to ${each.subscribers}, counted`, { lost: each.lost });
  return failures;
}
