/**
 * `npm start`: synthesizes the stack and runs it on this machine, without Docker or an AWS account. Prints how to
 * connect, then runs until Ctrl-C.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { checkPort, costLine, newAccount, startGateway } from '../gateway/index';
import type { Settings } from '../lib/settings/config';
import { readSettings } from '../lib/settings/read-settings';
import { consoleSite } from './console-site';
import { AssemblyCache } from './synthesis/assembly-cache';
import { localKeyFile, repository, runCommand, userPath } from './command';
import { certificateIn, display, parsePort, readFaultPlan } from './gateway-options';
import { synthesize } from './synthesis/synthesize';

const usage = `Usage: npm start -- [options]

  --port PORT    port on 127.0.0.1, 0 = any free one (default: 8787)
  --tls          wss:// with a certificate made by openssl (.local/certificate.pem)
  --new-account  the quotas of a new account in a small Region: 10 functions at once, 2,500 requests a second
  --data FOLDER  keep the tables in this folder (default: in memory)
  --faults FILE  begin with the faults of the fault plan in this file (docs/faults.md)
  --config FILE  settings file (default: artcafe.config.json, if there is one)`;

/** Where the command looks when it is not told. */
const usualBase = 'ws://127.0.0.1:8787/v1';
/** One Ctrl-C can arrive twice, because a parent process forwards it. */
const sameKeystrokeMs = 500;
/** The exit status that a shell reports after Ctrl-C. */
const interruptedStatus = 130;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8787' },
      tls: { type: 'boolean', default: false },
      'new-account': { type: 'boolean', default: false },
      data: { type: 'string' },
      faults: { type: 'string' },
      config: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const port = parsePort(values.port);
  const file = values.config === undefined ? undefined : userPath(values.config);
  const settings = readSettings({ directory: repository, ...(file === undefined ? {} : { file }) });
  const faultPlan = values.faults === undefined ? {} : readFaultPlan(userPath(values.faults));

  const tls = values.tls ? certificateIn(path.join(repository, '.local')) : undefined;
  // Before the synthesis, which takes seconds.
  if (port !== 0) await checkPort(port);
  // Registered before anything exists that must be removed.
  const interrupted = interruption();
  const assembly = mkdtempSync(path.join(tmpdir(), 'artcafe-assembly-'));
  process.once('exit', () => {
    rmSync(assembly, { recursive: true, force: true });
  });
  // No client is connected yet, so exit at once; the exit handler removes the partial assembly.
  const isInterrupted = interrupted.then(() => true);
  if (await Promise.race([fill(assembly, settings, file), isInterrupted])) process.exit(interruptedStatus);
  const gateway = await startGateway({
    assembly,
    port,
    keyFile: localKeyFile,
    ...(tls === undefined ? {} : { tls }),
    ...(values['new-account'] && newAccount),
    ...(values.data === undefined ? {} : { dataDirectory: userPath(values.data) }),
    faultPlan,
    site: consoleSite(settings, localKeyFile),
    ...(process.env.DYNAMODB_ENDPOINT ? { dynamodbEndpoint: process.env.DYNAMODB_ENDPOINT } : {}),
    log: ({ function: name, stream, text }) => {
      if (stream !== 'stdout') console.error(`[${name}] ${display(text)}`);
    },
  });
  console.log(welcome(gateway.urls, settings, file));
  await interrupted;
  console.log(`\n${costLine(gateway.costs())}`);
  await gateway.stop();
  process.exit(0);
}

/** A copy, because the kept one may be removed while this gateway still starts functions from it. */
async function fill(assembly: string, settings: Settings, file: string | undefined): Promise<void> {
  const cache = AssemblyCache.for(settings);
  if (cache.folder !== undefined) {
    console.log('Starting the stack; nothing has changed since it was synthesized.');
    cpSync(cache.folder, assembly, { recursive: true });
    return;
  }
  console.log('Synthesizing the stack, which takes some seconds after a change …');
  await synthesize(assembly, file);
  cache.keep(assembly);
}

/** Resolves on the first signal to stop. A later signal exits without waiting for open connections. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const stop = () => {
      if (first !== undefined && Date.now() - first > sameKeystrokeMs) process.exit(interruptedStatus);
      first ??= Date.now();
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

function welcome(
  urls: { base: string; edge?: string },
  settings: Settings,
  file: string | undefined,
): string {
  const base = urls.edge ?? urls.base;
  const console = new URL('/', urls.base.replace(/^ws/, 'http')).href;
  const withFile = file === undefined ? '' : ` --config ${JSON.stringify(file)}`;
  const token =
    settings.token === 'built-in'
      ? `$(npm run --silent token -- --tenant demo --agent alice${withFile})`
      : 'A_TOKEN_OF_YOUR_ISSUER';
  return `
ArtCafe PubSub runs on this machine. Ctrl-C stops it.

  Console        ${console}
  Base URL       ${base}${urls.edge === undefined ? '' : `   (at the edge; the stage itself: ${urls.base})`}
  With a query   ${base}/ws?token=TOKEN&channel_id=CHANNEL
${urls.edge === undefined ? '' : `  With a path    ${base}/ws/tenant/TENANT/agent/AGENT/channel/CHANNEL?token=TOKEN\n`}
Connect as the agent "alice" of the tenant "demo"; what you type is published to the channel "lobby":

  npm run connect -- "${base}/ws?channel_id=lobby&token=${token}"

Or as "bob", with the command (docs/cli.md):

  npx artcafe subscribe lobby --agent bob --inbox${base === usualBase ? '' : ` --url ${base}`}
`;
}

void runCommand(main);
