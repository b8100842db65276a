/**
 * `artcafe explain CHANNEL SEQUENCE`: what is known of one message, from its row in the log and from the line that the publishing
 * function has written. What nobody has written down is `unknown`.
 */
import type { Message, PubSub } from '@artcafe/pubsub';
import type { Command } from 'commander';
import { type Who, withClient } from '../context/client';
import { type Context, contextOf, originOf } from '../context/context';
import { examples, integer, whoOptions } from '../options';
import { CommandError, exitCodes } from '../output/exit-codes';
import type { Io } from '../output/io';
import { Printer, printable } from '../output/printer';

type Line = Readonly<Record<string, unknown>>;

/** Counts of a line, and what they mean. */
const meanings: Readonly<Record<string, string>> = {
  delivered: 'posts that API Gateway took for a connection',
  gone: 'posts to connections that had ended',
  throttled: 'posts that API Gateway refused for the rate',
  failed: 'posts that failed',
  lost: 'posts without an answer',
  refused: 'posts that were refused',
  late: 'posts left out for lack of time',
  handed: 'receivers given to workers, which write lines of their own',
};

export function addExplain(program: Command, io: Io): void {
  const command = program
    .command('explain')
    .description('say what is known of one message: accepted when and as what, and to whom it was posted')
    .argument('<channel>', 'name of the channel')
    .argument('<sequence>', 'place of the message in the log of the channel', integer);
  examples(whoOptions(command), 'artcafe explain lobby 42', 'artcafe explain orders 7 --json').action(
    (channel: string, sequence: number, options: Who) => explain(channel, sequence, options, io),
  );
}

async function explain(channel: string, sequence: number, options: Who, io: Io): Promise<void> {
  const context = contextOf(options, io);
  const message = await withClient(options, io, (bus) => rowAt(bus, channel, sequence), { observer: true });
  if (message === undefined)
    throw new CommandError(
      exitCodes.failed,
      `The log of "${channel}" has no message ${sequence} (any more).`,
    );
  const { id, agentId, tenantId, epoch, timestamp, type } = message;
  const lines = context.isLaptop ? await linesWith(id, context) : [];
  const delivery = deliveryIn(lines, message, channel, sequence);
  const known = {
    ...{ channel_id: channel, sequence, epoch, id, type, agent_id: agentId, tenant_id: tenantId },
    accepted_at: new Date(timestamp).toISOString(),
    delivery: delivery ?? 'unknown',
  };
  const head = `#${sequence} of ${channel}: ${printable(id)} (${type}) of ${printable(agentId)}, accepted at ${known.accepted_at}`;
  new Printer(io, options.json ?? false).result(known, `${head}\n${deliveryText(delivery, context)}`);
}

async function rowAt(bus: PubSub, channel: string, sequence: number): Promise<Message | undefined> {
  const log = bus.channel(channel);
  for await (const { epoch = '', sequence: head = 0 } of log.history({ limit: 1 })) {
    if (head < sequence) return undefined;
    for await (const message of log.history({ before: { epoch, sequence: sequence + 1 }, limit: 1 }))
      if (message.sequence === sequence) return message;
  }
  return undefined;
}

async function linesWith(text: string, { url }: Context): Promise<readonly Line[]> {
  const found: Line[] = [];
  let since = '0';
  for (;;) {
    const page = new URL('/_gateway/logs', originOf(url));
    page.search = new URLSearchParams({ since, contains: text }).toString();
    const response = await fetch(page);
    if (!response.ok) return found;
    const { lines, next } = (await response.json()) as {
      readonly lines: readonly { readonly line: Line }[];
      readonly next: string;
    };
    found.push(...lines.map(({ line }) => line));
    if (next === since || lines.length === 0) return found;
    since = next;
  }
}

interface Delivery {
  /** Whether the counts are those of a batch with other messages. */
  readonly is_of_batch: boolean;
  readonly counts: Readonly<Record<string, number>>;
}

/** Only of the line that names this channel, this id and this place: a line of a retry has the id, and no place. */
function deliveryIn(
  lines: readonly Line[],
  { id, tenantId }: Message,
  channel: string,
  sequence: number,
): Delivery | undefined {
  const own = lines.find(
    ({ tenant_id: tenant, channel_id: name, ids, first_sequence: first, last_sequence: last, frames }) =>
      tenant === tenantId &&
      name === channel &&
      Array.isArray(ids) &&
      ids.includes(id) &&
      Number(first) <= sequence &&
      sequence <= Number(last) &&
      // The counts stand in the first line of a text message; a batch for several channels has others.
      frames !== undefined,
  );
  if (own === undefined) return undefined;
  const counts = Object.keys(meanings).flatMap((name) => {
    const count = own[name];
    return typeof count === 'number' ? [[name, count] as const] : [];
  });
  return { is_of_batch: own.frames !== 1, counts: Object.fromEntries(counts) };
}

function deliveryText(delivery: Delivery | undefined, { isLaptop }: Context): string {
  if (delivery === undefined) {
    const where = isLaptop
      ? 'no log line tells it'
      : 'look for its id in the log of the function "default" (docs/runbook.md)';
    return `delivery: unknown: ${where}`;
  }
  const counts = Object.entries(delivery.counts).map(
    ([name, count]) => `  ${count} ${name}: ${meanings[name] ?? ''}`,
  );
  const whose = delivery.is_of_batch ? ' of its whole batch' : '';
  return [`delivery${whose}:`, ...(counts.length === 0 ? ['  no posts'] : counts)].join('\n');
}
