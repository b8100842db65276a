/**
 * `npm run verify -- --stack NAME`: asks a deployment the questions of docs/on-aws.md that a program can ask, and prints the
 * answers as a table. The exit code is 1 when one of them is not as expected.
 */
import { parseArgs } from 'node:util';
import { runCommand } from './command';
import { type DeploymentQuery, readOutputs } from './deployment/outputs';
import type { Outputs } from './deployment/outputs-file';
import { UsageError } from './usage-error';
import { answer, type Check, type Row, tableOf } from './verify/check';
import { handshakeChecks } from './verify/handshakes';
import { messageChecks } from './verify/messages';
import { Target } from './verify/target';
import { beginSweepCheck, coldAcks, warmAcks } from './verify/times';

const usage = `Usage: npm run verify -- [--stack NAME] [options]

  --stack NAME     this deployed stack (default: the laptop gateway); takes up to nine minutes and costs under $0.10
  --bus NAME       the construct, where the stack is an app's own and has several
  --outputs FILE   outputs of the deployment (default: cdk-outputs.json, else CloudFormation)
  --gateway URL    the laptop gateway (default: http://127.0.0.1:8787)`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      stack: { type: 'string' },
      bus: { type: 'string' },
      outputs: { type: 'string' },
      gateway: { type: 'string', default: 'http://127.0.0.1:8787' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const { stack, bus, outputs: file, gateway } = values;
  const target = await (stack === undefined ? onLaptop(gateway) : deployed({ stack, bus, file }));
  const rows = await verify(target);
  console.log(`\n${tableOf(rows)}`);
  const failed = rows.filter(({ toDo }) => toDo !== '').length;
  console.log(`\n${rows.length - failed} of ${rows.length} as expected.`);
  // Sockets that are still closing would keep the process.
  process.exit(failed === 0 ? 0 : 1);
}

/** One after another, so that a time is not that of another check. Only the wait for the sweep runs beside the others. */
async function verify(target: Target): Promise<Row[]> {
  const rows: Row[] = [];
  try {
    const add = async (check: Check): Promise<void> => {
      const row = await answer(check, target);
      rows.push(row);
      console.error(`${row.toDo === '' ? 'ok    ' : 'FAILED'} ${row.asked}`);
    };
    // First, while no function has run.
    await add(coldAcks);
    const sweep = beginSweepCheck(target);
    for (const check of [warmAcks, ...handshakeChecks(target), ...messageChecks, sweep]) await add(check);
    return rows;
  } finally {
    target.closeAll();
  }
}

async function deployed(query: DeploymentQuery): Promise<Target> {
  const outputs = await readOutputs(query);
  return new Target({ name: query.stack, outputs, api: outputs.BaseUrl, edge: outputs.EdgeBaseUrl });
}

async function onLaptop(gateway: string): Promise<Target> {
  const notThere = `No laptop gateway answers at ${gateway}; npm start runs one, --stack names a deployment.`;
  const response = await fetch(new URL('/_gateway/ready', gateway)).catch((error: unknown) => {
    throw new UsageError(notThere, { cause: error });
  });
  if (!response.ok) throw new UsageError(notThere);
  const { outputs, urls } = (await response.json()) as {
    readonly outputs: Outputs;
    readonly urls: { readonly base: string; readonly edge?: string };
  };
  return new Target({
    name: gateway,
    outputs,
    api: outputs.BaseUrl && urls.base,
    edge: urls.edge,
    runSweep: () => runSchedules(gateway),
    kms: {
      endpoint: new URL('/_aws/kms', gateway).href,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    },
  });
}

async function runSchedules(gateway: string): Promise<void> {
  const page = new URL('/_gateway/schedules', gateway);
  const { schedules } = (await (await fetch(page)).json()) as {
    readonly schedules: readonly { readonly name: string }[];
  };
  for (const { name } of schedules)
    await fetch(`${page.href}/${encodeURIComponent(name)}`, { method: 'POST' });
}

void runCommand(main);
