/** `artcafe erase`: what an agent or a tenant has left in the bus. Asks first, and reports what is gone and what remains until when. */
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { giveOrder } from '../../bin/revocation';
import { UsageError } from '../../bin/usage-error';
import { contextOf, type Location } from '../context/context';
import { examples, placeOptions } from '../options';
import { CommandError, exitCodes } from '../output/exit-codes';
import type { Io } from '../output/io';
import { Printer, printable } from '../output/printer';
import { targetOf } from './orders';

interface Options extends Location {
  readonly tenant: string;
  readonly agent?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What the function answers. */
interface Report {
  readonly closed: number;
  readonly messages: number;
  readonly channels: number;
  readonly agents: number;
  readonly connected: number;
  readonly failures: number;
  /** ISO 8601, by what remains. */
  readonly remains: Readonly<Record<string, string>>;
  /** The order that goes on, while there is more to do. */
  readonly next?: object;
}

const described: Readonly<Record<string, string>> = {
  empty_rows: 'empty rows, whose keys name channels and inboxes',
  channel_names: 'names of the channels of the tenant',
  counters: 'counters of rates, rows of connections that were cut off (ids)',
  revocation: 'the revocation of the tokens (ids)',
  failure_queue: 'events of the failure queue, with content only of the publish queue',
  logs: 'log lines of functions and APIs (ids)',
  audit_log: 'the audit log (ids)',
  backups: 'point-in-time backups of the tables, with content',
};

export function addErase(program: Command, io: Io): void {
  const command = program
    .command('erase')
    .description('erase the messages, inbox and presence of an agent, or a whole tenant, for good')
    .requiredOption('--tenant <tenant>', 'the tenant')
    .option('--agent <agent>', 'one agent (default: the whole tenant)')
    .option('--yes', 'do not ask')
    .option('--json', 'the report as JSON');
  examples(
    placeOptions(command),
    'artcafe erase --tenant demo --agent mallory',
    'artcafe erase --tenant demo --yes --json',
  ).action((options: Options) => erase(options, io));
}

async function erase(options: Options, io: Io): Promise<void> {
  const { tenant, agent, yes = false, json = false } = options;
  const context = await contextOf(options, io);
  const target = await targetOf(context);
  if (!yes) await confirm(options, context.name, io);
  const printer = new Printer(io, json);
  let order: object | undefined = { action: 'erase', tenant_id: tenant, agent_id: agent };
  for (;;) {
    const { next, ...report }: Report = await giveOrder<Report>(order, target);
    if (next === undefined) {
      printer.result({ action: 'erase', ...report }, textOf(report));
      return;
    }
    printer.progress(`${report.messages} messages erased so far …`);
    if (io.interrupted.aborted) throw new CommandError(exitCodes.interrupted, 'Not all is erased.');
    order = next;
  }
}

/** Of what nobody can take back. */
async function confirm({ tenant, agent }: Options, place: string, io: Io): Promise<void> {
  const what = agent ?? tenant;
  const whom = agent === undefined ? `the whole tenant ${tenant}` : `the agent ${agent} of tenant ${tenant}`;
  if (!io.hasTypist) throw new UsageError('Nobody can be asked here: give --yes to erase for good.');
  io.complain(`This erases ${printable(whom)} on ${place} for good. Type ${printable(what)} to go on: `);
  const lines = createInterface({ input: io.input, signal: io.interrupted });
  try {
    for await (const line of lines) {
      if (line === what) return;
      break;
    }
    throw new UsageError('Nothing was erased.');
  } finally {
    lines.close();
  }
}

function textOf(report: Omit<Report, 'next'>): string {
  const { closed, messages, channels, agents, connected, failures, remains } = report;
  return [
    `Erased: ${messages} messages, ${agents} agents, ${failures} failed events. Channels gone through: ${channels}. Connections closed: ${closed}.`,
    ...(connected > 0
      ? [`${connected} agents have connected again with later tokens; their presence stays.`]
      : []),
    'Remains, at the latest until about:',
    ...Object.entries(remains).map(([name, until]) => `  ${until.slice(0, 10)}  ${described[name] ?? name}`),
  ].join('\n');
}
