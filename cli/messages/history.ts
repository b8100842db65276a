/** `artcafe history`: prints what is in the log of a channel or of the own inbox, oldest first. */
import type { Command } from 'commander';
import { UsageError } from '../../bin/usage-error';
import type { Who } from '../context/client';
import { apiOf } from '../context/http-api';
import { inboxName, newestMessages } from '../context/log-reader';
import { examples, integer, whoOptions } from '../options';
import type { Io } from '../output/io';
import { Printer } from '../output/printer';

interface Options extends Who {
  readonly inbox?: boolean;
  readonly limit: number;
}

export function addHistory(program: Command, io: Io): void {
  const command = program
    .command('history')
    .description('print the newest messages in the log of a channel, oldest first')
    .argument('[channel]', 'name of the channel; not with --inbox')
    .option('--inbox', 'the direct messages to the agent; they do not count as handled')
    .option('--limit <number>', 'at most this many', integer, 20);
  examples(
    whoOptions(command),
    'artcafe history lobby',
    'artcafe history orders --limit 1000 --json > orders.ndjson',
  ).action((channel: string | undefined, options: Options) => history(channel, options, io));
}

async function history(channel: string | undefined, options: Options, io: Io): Promise<void> {
  const { inbox = false, limit } = options;
  if ((channel === undefined) !== inbox)
    throw new UsageError('Either a channel or --inbox is needed; see --help.');
  const printer = new Printer(io, options.json ?? false);
  const messages = await newestMessages(await apiOf(options, io), channel ?? inboxName, limit);
  if (messages.length === 0) io.complain('The log has no messages.\n');
  for (const message of messages) printer.wireMessage(message);
}
