/** `artcafe start`: the bus on this machine, from the stack that the package has synthesized for default settings. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../../bin/usage-error';
import { parseSettings, type Settings } from '../../lib/settings/config';
import { readSettings } from '../../lib/settings/read-settings';
import { contextArguments, contextOfSettings, settingOptions, type Wishes } from '../deployment/settings';
import { toolkitOf } from '../deployment/toolkit';
import { examples } from '../options';
import { interruption, type Io } from '../output/io';

interface Options extends Wishes {
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
  examples(
    settingOptions(command),
    'artcafe start',
    'artcafe start --port 0',
    'artcafe start --set retentionHours=1',
    'artcafe start --assembly cdk.out',
  ).action((options: Options) => start(options, io));
}

async function start(options: Options, io: Io): Promise<void> {
  const [{ checkPort, costLine, startGateway }, { display, parsePort, readFaultPlan }, { consoleSite }] =
    await Promise.all([
      import('../../gateway/index.js'),
      import('../../bin/gateway-options.js'),
      import('../../bin/console-site.js'),
    ]);
  const inFolder = (file: string) => path.resolve(io.directory, file);
  const port = parsePort(options.port);
  const faultPlan = options.faults === undefined ? undefined : readFaultPlan(inFolder(options.faults));
  const settings = settingsOf(options, io);
  // Before a synthesis, which takes seconds.
  if (port !== 0) await checkPort(port);
  const scratch = mkdtempSync(path.join(tmpdir(), 'artcafe-assembly-'));
  try {
    const keyFile = keyFileOf(io);
    const gateway = await startGateway({
      assembly: await assemblyOf(options, settings, scratch, io),
      port,
      keyFile,
      site: consoleSite(settings, keyFile, path.join(io.packageFolder, 'console')),
      ...(faultPlan === undefined ? {} : { faultPlan }),
      ...(io.environment.DYNAMODB_ENDPOINT ? { dynamodbEndpoint: io.environment.DYNAMODB_ENDPOINT } : {}),
      log: ({ function: name, stream, text }) => {
        if (stream !== 'stdout') io.complain(`[${name}] ${display(text)}\n`);
      },
    });
    io.write(welcome(gateway.urls, gateway.port));
    await interruption(io);
    io.write(`\n${costLine(gateway.costs())}\n`);
    await gateway.stop();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function settingsOf(options: Options, { directory }: Io): Settings {
  const { config: file } = options;
  const context = contextOfSettings(options);
  return readSettings({ directory, context, ...(file === undefined ? {} : { file }) });
}

/** The package has the stack for default settings. Others need a synthesis, and so the CDK. */
async function assemblyOf(options: Options, settings: Settings, scratch: string, io: Io): Promise<string> {
  if (options.assembly !== undefined) return path.resolve(io.directory, options.assembly);
  const own = path.join(io.packageFolder, 'assembly');
  const isUsual = JSON.stringify(settings) === JSON.stringify(parseSettings({}));
  if (isUsual && existsSync(own)) return own;
  const purpose = isUsual ? 'A checkout' : 'A stack with settings of its own';
  const toolkit = toolkitOf(io.directory, purpose);
  io.complain('Synthesizing the stack, which takes some seconds …\n');
  const args = ['synth', '--quiet', '--output', scratch, ...contextArguments(options)];
  if ((await toolkit.run(args, { isOffline: true })) === 0) return scratch;
  throw new UsageError('The stack cannot be synthesized; see above.');
}

/** One key for all folders, so that tokens outlive a restart. */
function keyFileOf({ environment }: Io): string {
  const state = environment.XDG_STATE_HOME ?? path.join(homedir(), '.local/state');
  const folder = path.join(state, 'artcafe');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return path.join(folder, 'token-key.pem');
}

function welcome(urls: { readonly base: string; readonly edge?: string }, port: number): string {
  const base = urls.edge ?? urls.base;
  const there = port === 8787 ? '' : ` --url ${base}`;
  return `
ArtCafe PubSub runs on this machine. Ctrl-C stops it.

  Console    ${new URL('/', urls.base.replace(/^ws/, 'http')).href}
  Base URL   ${base}

In other terminals:

  npx artcafe subscribe lobby --agent bob --inbox${there}
  npx artcafe publish lobby '{"hello":"world"}' --agent alice${there}
`;
}
