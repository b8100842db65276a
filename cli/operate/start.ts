/** `artcafe start`: the bus on this machine, from the stack that the package has synthesized for default settings. */
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../../bin/usage-error';
import { parseSettings } from '../../lib/settings/config';
import { readSettings } from '../../lib/settings/read-settings';
import { examples } from '../options';
import type { Io } from '../output/io';

interface Options {
  readonly port: string;
  readonly faults?: string;
  readonly assembly?: string;
}

export function addStart(program: Command, io: Io): void {
  const command = program
    .command('start')
    .description('run the bus on this machine, without Docker or an AWS account, until Ctrl-C')
    .option('--port <port>', 'port on 127.0.0.1, 0 = any free one', '8787')
    .option('--faults <file>', 'inject the faults of the fault plan in this file')
    .option(
      '--assembly <folder>',
      'run the stack in this folder of cdk synth (default: the stack for default settings)',
    );
  examples(command, 'artcafe start', 'artcafe start --port 0', 'artcafe start --assembly cdk.out').action(
    (options: Options) => start(options, io),
  );
}

async function start(options: Options, io: Io): Promise<void> {
  const [{ costLine, startGateway }, { display, parsePort, readFaultPlan }] = await Promise.all([
    import('../../gateway/index.js'),
    import('../../bin/gateway-options.js'),
  ]);
  const inFolder = (file: string) => path.resolve(io.directory, file);
  const port = parsePort(options.port);
  const faultPlan = options.faults === undefined ? undefined : readFaultPlan(inFolder(options.faults));
  const assembly = options.assembly === undefined ? ownAssembly(io) : inFolder(options.assembly);
  const gateway = await startGateway({
    assembly,
    port,
    keyFile: keyFileOf(io),
    ...(faultPlan === undefined ? {} : { faultPlan }),
    ...(io.environment.DYNAMODB_ENDPOINT ? { dynamodbEndpoint: io.environment.DYNAMODB_ENDPOINT } : {}),
    log: ({ function: name, stream, text }) => {
      if (stream !== 'stdout') io.complain(`[${name}] ${display(text)}\n`);
    },
  });
  io.write(welcome(gateway.urls.edge ?? gateway.urls.base, gateway.port));
  await new Promise<void>((resolve) => {
    if (io.interrupted.aborted) resolve();
    io.interrupted.addEventListener('abort', () => {
      resolve();
    });
  });
  io.write(`\n${costLine(gateway.costs())}\n`);
  await gateway.stop();
}

/** The stack for default settings. Others need a synthesis, and so the CDK. */
function ownAssembly(io: Io): string {
  const settings = readSettings({ directory: io.directory });
  if (JSON.stringify(settings) !== JSON.stringify(parseSettings({})))
    throw new UsageError(
      'artcafe.config.json has settings of its own, so the stack must be synthesized: run npx cdk synth, then artcafe start --assembly cdk.out.',
    );
  const assembly = path.join(io.packageFolder, 'assembly');
  if (existsSync(assembly)) return assembly;
  throw new UsageError('This is a checkout, without a synthesized stack: use npm start.');
}

/** One key for all folders, so that tokens outlive a restart. */
function keyFileOf({ environment }: Io): string {
  const state = environment.XDG_STATE_HOME ?? path.join(homedir(), '.local/state');
  const folder = path.join(state, 'artcafe');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return path.join(folder, 'token-key.pem');
}

function welcome(base: string, port: number): string {
  const there = port === 8787 ? '' : ` --url ${base}`;
  return `
ArtCafe PubSub runs on this machine. Ctrl-C stops it.

  Base URL   ${base}

In other terminals:

  npx artcafe subscribe lobby --agent bob${there}
  npx artcafe publish lobby '{"hello":"world"}' --agent alice${there}
`;
}
