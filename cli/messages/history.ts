/** `artcafe history`: prints what is in the log of a channel or of the own inbox, oldest first. */
import type { Message } from '@artcafe/pubsub';
import type { Command } from 'commander';
import { UsageError } from '../../bin/usage-error';
import { type Who, withClient } from '../context/client';
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
  await withClient(
    options,
    io,
    async (bus) => {
      const log = channel === undefined ? bus.inbox : bus.channel(channel);
      const newestFirst: Message[] = [];
      for await (const message of log.history({ limit, signal: io.interrupted })) newestFirst.push(message);
      for (const message of newestFirst.reverse()) printer.message(message);
    },
    { observer: true },
  );
}
