/** `artcafe cost`: what a load costs in a month, by list prices. */
import type { Command } from 'commander';
import { examples } from '../options';
import type { Io } from '../output/io';

interface Options {
  readonly agents: string;
  readonly channels: string;
  readonly rate: string;
  readonly fanOut: string;
  readonly size: string;
  readonly memory: string;
  readonly publishOnly?: boolean;
  readonly ephemeral?: boolean;
  readonly events?: boolean;
  readonly publishQueue?: boolean;
  readonly json?: boolean;
}

export function addCost(program: Command, io: Io): void {
  const command = program
    .command('cost')
    .description('estimate the monthly cost of a load on AWS')
    .option('--agents <number>', 'agents that are connected all month', '100')
    .option('--channels <number>', 'channels that are published to', '10')
    .option('--rate <number>', 'publishes per second on each of them', '1')
    .option('--fan-out <number>', 'subscribers who get each publish, the sender among them', '10')
    .option('--size <bytes>', 'content of a message', '200')
    .option('--memory <mb>', 'memory of the functions', '512')
    .option('--publish-only', 'the sender is not among the subscribers')
    .option('--ephemeral', 'messages skip the log')
    .option('--events', 'each publish is an event for EventBridge, too')
    .option('--publish-queue', 'publishes come through the publish queue, one in a batch')
    .option('--json', 'the figures as JSON');
  examples(
    command,
    'artcafe cost --agents 1000 --rate 0.1',
    'artcafe cost --fan-out 50 --ephemeral --json',
  ).action((options: Options) => cost(options, io));
}

async function cost(options: Options, io: Io): Promise<void> {
  const [{ costText, positive }, { forecast }] = await Promise.all([
    import('../../bin/cost/cost-text.js'),
    import('../../bin/cost/forecast.js'),
  ]);
  const { agents, channels, rate, fanOut, size, memory, ephemeral = false, json = false } = options;
  const load = {
    agents: positive('agents', agents),
    channels: positive('channels', channels),
    rate: positive('rate', rate),
    fanOut: positive('fan-out', fanOut),
    size: positive('size', size),
    memoryMb: positive('memory', memory),
    publishOnly: options.publishOnly ?? false,
    ephemeral,
    events: options.events ?? false,
    publishQueue: options.publishQueue ?? false,
  };
  const result = forecast(load);
  io.write(`${json ? JSON.stringify({ load, ...result }) : costText(load, result)}\n`);
}
