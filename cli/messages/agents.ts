/** `artcafe agents`: the agents of a tenant, with status and capabilities. */
import type { Command } from 'commander';
import type { Who } from '../context/client';
import { agentsOf } from '../context/http-api';
import { examples, whoOptions } from '../options';
import type { Io } from '../output/io';
import { Printer, printable } from '../output/printer';

interface Options extends Who {
  readonly online?: boolean;
  readonly offline?: boolean;
  readonly status?: string;
  readonly capability?: string;
}

export function addAgents(program: Command, io: Io): void {
  const command = program
    .command('agents')
    .description('list the agents of the tenant')
    .argument('[agent]', 'only this one')
    .option('--online', 'only those that are connected')
    .option('--offline', 'only those that are not connected')
    .option('--status <status>', 'only those with this status')
    .option('--capability <capability>', 'only those with this capability');
  examples(
    whoOptions(command),
    'artcafe agents --online',
    'artcafe agents --capability translate --json',
  ).action((agent: string | undefined, options: Options) => agents(agent, options, io));
}

async function agents(agent: string | undefined, options: Options, io: Io): Promise<void> {
  const { online, offline, status, capability } = options;
  const printer = new Printer(io, options.json ?? false);
  for await (const entry of agentsOf(options, io, { agent, status, capability })) {
    const { agent_id: id, status: state, capabilities } = entry;
    const isOffline = state === 'offline';
    if (isOffline ? online === true : offline === true) continue;
    const shown = printer.styled(isOffline ? 'dim' : 'green', printable(state).padEnd(8));
    const can = capabilities.length === 0 ? '' : `  ${capabilities.map(printable).join(', ')}`;
    printer.result(entry, `${shown} ${printable(id)}${can}`);
  }
}
