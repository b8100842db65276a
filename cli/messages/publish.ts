/** `artcafe publish`: messages to a channel or an agent, from the command line or from standard input. */
import { createInterface } from 'node:readline';
import type { PubSub, Receipt } from '@artcafe/pubsub';
import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../../bin/usage-error';
import { type Who, withClient } from '../context/client';
import { contentOf, examples, object, whoOptions } from '../options';
import type { Io } from '../output/io';
import { Printer } from '../output/printer';

/** A pipe can be faster than the bus. */
const maxPending = 1_000;

interface Options extends Who {
  readonly to?: string;
  readonly type?: string;
  readonly metadata?: Record<string, unknown>;
  readonly ephemeral?: boolean;
  readonly id?: string;
}

export function addPublish(program: Command, io: Io): void {
  const command = program
    .command('publish')
    .description(
      'publish to a channel or, with --to, to an agent; without CONTENT each line of standard input',
    )
    .argument('[channel]', 'name of the channel; not with --to')
    .argument('[content]', 'JSON, or a text')
    .option('--to <agent>', 'a direct message to this agent')
    .option('--type <type>', 'type of the message, lower case (default: "message")', lowerCase)
    .option('--metadata <json>', 'metadata of the message', object)
    .option('--ephemeral', 'not stored')
    .option('--id <id>', 'id of the message (default: a random one)');
  examples(
    whoOptions(command),
    `artcafe publish lobby '{"hello":"world"}' --agent alice`,
    'artcafe publish --to bob "are you there?"',
    'tail -f app.log | artcafe publish logs --ephemeral',
  ).action((first: string | undefined, second: string | undefined, options: Options) =>
    publish(options.to === undefined ? [first, second] : [undefined, first], second, options, io),
  );
}

async function publish(
  [channel, content]: readonly [string | undefined, string | undefined],
  second: string | undefined,
  options: Options,
  io: Io,
): Promise<void> {
  const { to } = options;
  if (to === undefined && channel === undefined)
    throw new UsageError('A channel or --to is needed; see --help.');
  if (to !== undefined && second !== undefined)
    throw new UsageError('With --to there is no channel: only the content.');
  const printer = new Printer(io, options.json ?? false);
  await withClient(options, io, async (bus) => {
    const send = (text: string) => sendOne(bus, channel, text, options, printer);
    if (content !== undefined) {
      await send(content);
      return;
    }
    if (io.hasTypist) printer.progress('Each line is one message; Ctrl-D ends.');
    await eachLine(io, send);
  });
}

async function sendOne(
  bus: PubSub,
  channel: string | undefined,
  text: string,
  options: Options,
  printer: Printer,
): Promise<void> {
  const { to = '', type, metadata, ephemeral, id } = options;
  const details = {
    echo: false,
    ...(type !== undefined && { type }),
    ...(metadata !== undefined && { metadata }),
    ...(ephemeral !== undefined && { ephemeral }),
    ...(id !== undefined && { id }),
  };
  const content = contentOf(text);
  const receipt =
    channel === undefined
      ? await bus.agent(to).send(content, details)
      : await bus.channel(channel).publish(content, details);
  printer.result(receiptForm(receipt), receiptLine(receipt));
}

/** In order; the client itself gathers what is on its way into batches. Ends with the first message that is refused. */
async function eachLine(io: Io, send: (text: string) => Promise<void>): Promise<void> {
  const lines = createInterface({ input: io.input, signal: io.interrupted });
  const pending = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for await (const line of lines) {
    if (line.trim() === '') continue;
    const sent: Promise<void> = send(line)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => pending.delete(sent));
    pending.add(sent);
    if (pending.size >= maxPending) await Promise.race(pending);
    if (failures.length > 0) break;
  }
  await Promise.all(pending);
  if (failures.length > 0) throw failures[0];
}

function receiptForm({ id, status, sequence, epoch, timestamp }: Receipt): object {
  return { id, status, sequence, epoch, timestamp: new Date(timestamp).toISOString() };
}

function receiptLine({ id, status, sequence }: Receipt): string {
  return `${status} ${sequence === undefined ? '' : `#${sequence} `}${id}`;
}

function lowerCase(text: string): string {
  if (/^[a-z][a-z0-9._:-]{0,63}$/.test(text)) return text;
  throw new InvalidArgumentError('It must begin with a letter a–z and have at most 64 of a–z 0–9 . _ : -.');
}
