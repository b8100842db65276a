/**
 * `npm run bench`: runs the plan, writes results and report. Exit code 1 when a message was lost, duplicated,
 * reordered or corrupted; never because of a time.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runBroadcasts } from './broadcast/run';
import { runCosts } from './costs/run';
import { runInit } from './init/run';
import { ContenderFactory } from './contenders/contender';
import { runContenders } from './contenders/run';
import { fullPlan, type Plan, quickPlan } from './plan';
import { writeReport } from './report/report';
import { violations, circumstances, loadWarnings, type Results } from './results';
import { runServers } from './servers/run';
import { runSigning } from './signing/run';
import { targetsOf } from './targets';

const usage = `Usage: npm run bench -- [options]

  --quick           a minute instead of the full run; written to .local/bench
  --only LIST       of signing, broadcast, contenders, costs, servers, init, separated by commas; written to .local/bench
  --node PATH       another Node executable, such as Lambda's version, for signing and init
  --output FOLDER   where results and report go (default: docs)`;

const sections = ['signing', 'broadcast', 'contenders', 'costs', 'servers', 'init'] as const;
type Section = (typeof sections)[number];

const root = path.join(__dirname, '..');
const startedAt = performance.now();

function report(text: string): void {
  console.log(`${((performance.now() - startedAt) / 1_000).toFixed(0).padStart(5)} s  ${text}`);
}

// The table engine and the contenders use the Node that runs this command.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      node: { type: 'string' },
      output: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const only = values.only?.split(',');
  const unknown = only?.find((name) => !sections.includes(name as Section));
  if (unknown !== undefined) {
    console.error(`There is no section "${unknown}".\n\n${usage}`);
    return 2;
  }
  const nodes = [process.execPath, ...(values.node === undefined ? [] : [values.node])];
  const isPartial = values.quick || only !== undefined;
  const folder = values.output ?? (isPartial ? path.join(root, '.local/bench') : path.join(root, 'docs'));
  const flags = [...(values.quick ? ['--quick'] : []), ...(only ? [`--only ${only.join(',')}`] : [])];
  const command = ['npm run bench', ...(flags.length > 0 ? ['--', ...flags] : [])].join(' ');
  const results = await measure(values.quick ? quickPlan : fullPlan, only ?? sections, nodes, command);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'benchmarks.json'), `${JSON.stringify(results, null, 1)}\n`);
  writeReport(folder, results);
  for (const { name, wanted, found, isMet } of targetsOf(results)) {
    console.log(`${isMet ? 'met    ' : 'NOT MET'}  ${name}: ${found} (wanted ${wanted})`);
  }
  report(`written to ${path.relative(process.cwd(), path.join(folder, 'benchmarks.md'))}`);
  const failures = violations(results);
  for (const failure of failures) console.error(`BROKEN   ${failure}`);
  return failures.length === 0 ? 0 : 1;
}

async function measure(
  plan: Plan,
  only: readonly string[],
  nodes: readonly string[],
  command: string,
): Promise<Results> {
  const warnings = loadWarnings();
  const factory = new ContenderFactory();
  const section = async <T>(name: Section, run: () => Promise<T[]>): Promise<T[]> =>
    only.includes(name) ? run() : [];
  try {
    const { repetitions, durationMs } = plan;
    const signing = await section('signing', () => runSigning(plan.signing, nodes, report));
    const broadcasts = await section('broadcast', async () => {
      const results = [];
      for (const options of plan.broadcasts) results.push(...(await runBroadcasts(options, report)));
      return results;
    });
    const contenders = await section('contenders', () =>
      runContenders(
        factory,
        { contenders: plan.contenders, scenarios: plan.scenarios, repetitions, durationMs },
        report,
      ),
    );
    const costs = await section('costs', () => runCosts(factory, plan.costs, report));
    const servers = await section('servers', () =>
      runServers({ scenarios: plan.serverScenarios, repetitions, durationMs }, report),
    );
    const init = await section('init', () => runInit(plan.initRepetitions, nodes, report));
    const found = { signing, broadcasts, contenders, costs, servers, init };
    return { circumstances: circumstances(command, startedAt, warnings), ...found };
  } finally {
    factory.remove();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
