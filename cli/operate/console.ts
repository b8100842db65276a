/** `artcafe console`: the page that shows what a bus does, on this machine only, with tokens that can only read. */
import path from 'node:path';
import type { Command } from 'commander';
import type { LogSource } from '../../console/server/index';
import { type Context, contextOf, type Location, originOf } from '../context/context';
import { httpBaseOf } from '../context/http-api';
import { logLines, pauseUntil } from '../context/log-lines';
import { mintToken } from '../context/tokens';
import { workCostOf } from '../context/work-cost';
import { examples, integer, placeOptions } from '../options';
import { interruption, type Io } from '../output/io';
import { withoutTokens } from '../output/without-tokens';

interface Options extends Location {
  readonly port?: number;
  readonly tenant: string;
  readonly send?: boolean;
}

export function addConsole(program: Command, io: Io): void {
  const command = program
    .command('console')
    .description('serve the console for a bus on this machine, until Ctrl-C')
    .option('--port <port>', 'port on 127.0.0.1 (default: a free one)', integer)
    .option('--tenant <tenant>', 'tenant that is watched', 'demo')
    .option('--send', 'with tokens that may also send, and end connections');
  examples(
    placeOptions(command),
    'artcafe console',
    'artcafe console --context ArtCafePubSub --tenant acme',
  ).action((options: Options) => show(options, io));
}

async function show(options: Options, io: Io): Promise<void> {
  const context = await contextOf(options, io);
  // Also says when there is no bus.
  await context.outputs();
  if (context.isLaptop) {
    io.write(`The laptop gateway serves the console: ${originOf(context.url)}/\n`);
    return;
  }
  const { serve } = await import('../../console/server/index.js');
  const api = (await httpBaseOf(context))?.replace(/\/v1$/, '');
  const page = await serve(
    {
      api,
      ...{ url: context.url, name: context.name, tenant: options.tenant, port: options.port },
      roles: options.send === true ? ['observer', 'operator'] : ['observer'],
      mint: (role, tenant) => mint(context, role === 'observer', tenant),
      logs: logsOf(context, options.tenant, io),
    },
    path.join(io.packageFolder, 'console'),
  );
  io.write(`Console: ${page.url}\nCtrl-C stops it.\n`);
  await interruption(io);
  await page.close();
}

function mint(context: Context, isObserver: boolean, tenant: string): Promise<string> {
  return mintToken(context, {
    tenant,
    agent: isObserver ? 'console-observer' : 'console',
    role: isObserver ? 'observer' : 'service',
  });
}

/** Read with the operator's credentials, as `artcafe explain` reads them. */
function logsOf(context: Context, tenant: string, io: Io): LogSource {
  const cost = workCostOf(context, tenant, { pause: pauseUntil(io) });
  return {
    lines: (message) => saidWithoutTokens(logLines(context, { ...message, to: undefined }, io)),
    cost: () => saidWithoutTokens(cost()),
  };
}

/** The page shows what went wrong. */
async function saidWithoutTokens<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw new Error(withoutTokens(error instanceof Error ? error.message : String(error)), { cause: error });
  }
}
