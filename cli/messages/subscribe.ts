/** `artcafe subscribe`: prints the messages of channels and of the own inbox until Ctrl-C. */
import type { Message, PubSub } from '@artcafe/pubsub';
import type { Command } from 'commander';
import { UsageError } from '../../bin/usage-error';
import { type Who, withClient } from '../context/client';
import { CommandError, exitCodes } from '../output/exit-codes';
import { examples, integer, whoOptions } from '../options';
import { interruption, type Io } from '../output/io';
import { Printer } from '../output/printer';

interface Options extends Who {
  readonly inbox?: boolean;
  readonly limit?: number;
}

export function addSubscribe(program: Command, io: Io): void {
  const command = program
    .command('subscribe')
    .description('print the messages of channels, and of the inbox, until Ctrl-C')
    .argument('[channels...]', 'names of channels')
    .option(
      '--inbox',
      'connect as the agent, and print its direct messages too; they count as handled once printed',
    )
    .option('--limit <number>', 'end after this many messages', integer);
  examples(
    whoOptions(command),
    'artcafe subscribe lobby',
    'artcafe subscribe lobby --agent bob --inbox',
    'artcafe subscribe orders payments --json | jq .content',
    'artcafe subscribe --inbox --agent bob',
  ).action((channels: string[], options: Options) => subscribe(channels, options, io));
}

async function subscribe(channels: readonly string[], options: Options, io: Io): Promise<void> {
  const { inbox = false, limit = Infinity } = options;
  if (channels.length === 0 && !inbox) throw new UsageError('A channel or --inbox is needed; see --help.');
  const printer = new Printer(io, options.json ?? false);
  const needsName = channels.length + (inbox ? 1 : 0) > 1;
  // Who only watches is no agent: nobody sees it come, and mail that waits for the agent is not pushed to it.
  const who: Who = inbox ? options : { role: 'observer', ...options };
  await withClient(
    who,
    io,
    async (bus) => {
      const { ended, end } = untilTheEnd(bus, io);
      let printed = 0;
      const take = (name: string) => (message: Message) => {
        if (printed >= limit) return;
        printed += 1;
        printer.message(message, needsName ? name : undefined);
        if (printed >= limit) end();
      };
      reportLosses(bus, io);
      await Promise.all([
        ...channels.map((name) => bus.channel(name).subscribe(take(name))),
        ...(inbox ? [bus.inbox.subscribe(take('inbox'))] : []),
      ]);
      printer.progress(
        `Subscribed as ${inbox ? (bus.agentId ?? options.agent) : 'an observer'}. Ctrl-C ends.`,
      );
      await ended;
    },
    // It answers no requests: those to this agent are for another process of it.
    { observer: true },
  );
}

/** Ends with Ctrl-C, with `end`, or when the client ends for good. */
export function untilTheEnd(
  bus: PubSub,
  io: Io,
): { readonly ended: Promise<void>; readonly end: () => void } {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    end = resolve;
    void interruption(io).then(resolve);
    bus.on('state', ({ state, error }) => {
      if (state !== 'closed') return;
      reject(error ?? new CommandError(exitCodes.unreachable, 'The connection has ended.'));
    });
  });
  // It may end before anybody waits for it.
  ended.catch(() => undefined);
  return { ended, end };
}

/** Said on standard error, so that output is messages only. */
export function reportLosses(bus: PubSub, io: Io): void {
  bus.on('gap', ({ channelId, reason, from, to }) => {
    const which = from === undefined ? '' : ` ${from}–${to ?? ''}`;
    io.complain(`Messages of ${channelId}${which} do not come: ${reason}.\n`);
  });
}
