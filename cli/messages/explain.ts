/**
 * `artcafe explain CHANNEL SEQUENCE`: what is known of one message, from its row in the log and from the lines that the functions
 * have written. What nobody has written down is `unknown`.
 */
import type { Command } from 'commander';
import {
  type Delivery,
  type Explanation,
  explanationOf,
  type Line,
  meanings,
  outcomes,
} from '../../console/explain/explanation';
import type { Who } from '../context/client';
import { type Context, contextOf } from '../context/context';
import { apiOf } from '../context/http-api';
import { type AcceptedMessage, logLines } from '../context/log-lines';
import { inboxName, type LoggedMessage, messageAt } from '../context/log-reader';
import { examples, integer, whoOptions } from '../options';
import { CommandError, exitCodes } from '../output/exit-codes';
import type { Io } from '../output/io';
import { Printer, printable } from '../output/printer';

export function addExplain(program: Command, io: Io): void {
  const command = program
    .command('explain')
    .description(
      'say what is known of one message: accepted when and as what, and to how many connections it was posted',
    )
    .argument('<channel>', `name of the channel; ${inboxName}: the direct messages to the agent`)
    .argument('<sequence>', 'place of the message in the log of the channel', integer);
  examples(
    whoOptions(command),
    'artcafe explain lobby 42',
    'artcafe explain orders 7 --json',
    `artcafe explain '${inboxName}' 3 --agent bob`,
  ).action((channel: string, sequence: number, options: Who) => explain(channel, sequence, options, io));
}

async function explain(channel: string, sequence: number, options: Who, io: Io): Promise<void> {
  const context = await contextOf(options, io);
  const row = await messageAt(await apiOf(options, io), channel, sequence);
  if (row === undefined)
    throw new CommandError(
      exitCodes.failed,
      `The log of "${channel}" has no message ${sequence} (any more).`,
    );
  const message = askedFor(row);
  const { lines, failure } = await linesOrFailure(context, message, io);
  const { delivery, pushedTo } = explanationOf(message, lines);
  const known = {
    ...{ channel_id: channel, to: row.to, sequence, epoch: row.epoch, id: row.id, type: row.type },
    ...{ agent_id: row.agent_id, tenant_id: row.tenant_id, accepted_at: row.timestamp },
    delivery: delivery === undefined ? 'unknown' : wireForm(delivery),
    ...(pushedTo.length > 0 && { pushed_to: pushedTo }),
  };
  const head = `#${sequence} of ${channel}: ${printable(row.id)} (${row.type}) of ${printable(row.agent_id)}, accepted at ${row.timestamp}`;
  const text = [head, ...deliveryText(delivery, reasonFor(context, failure)), ...pushText(pushedTo)].join(
    '\n',
  );
  new Printer(io, options.json ?? false).result(known, text);
  if (failure !== undefined) throw failure;
}

/** What the log of the channel says is known also when the lines cannot be read. */
async function linesOrFailure(
  context: Context,
  message: AcceptedMessage,
  io: Io,
): Promise<{ readonly lines: readonly Line[]; readonly failure?: CommandError }> {
  try {
    return { lines: await logLines(context, message, io) };
  } catch (error) {
    if (error instanceof CommandError) return { lines: [], failure: error };
    throw error;
  }
}

function askedFor(row: LoggedMessage): AcceptedMessage {
  const { id, tenant_id: tenantId, agent_id: agentId, channel_id: channelId, to, sequence, epoch } = row;
  return { id, tenantId, agentId, channelId, to, sequence, epoch, timestamp: Date.parse(row.timestamp) };
}

function wireForm({ batch, counts, matched, ackMs, isStored }: Delivery): object {
  return {
    is_of_batch: batch !== 1,
    messages: batch,
    matched: matched ?? 'unknown',
    counts,
    ack_ms: ackMs ?? 'unknown',
    stored: isStored,
  };
}

function reasonFor({ isLaptop }: Context, failure: CommandError | undefined): string {
  if (failure !== undefined) return 'the log lines cannot be read';
  return isLaptop
    ? 'no log line tells it'
    : 'no log line tells it; CloudWatch may have the newest lines a minute or two later';
}

function deliveryText(delivery: Delivery | undefined, whyUnknown: string): readonly string[] {
  if (delivery === undefined) return [`delivery: unknown: ${whyUnknown}`];
  const { batch, counts, matched, ackMs, isStored } = delivery;
  const whose = batch === 1 ? '' : `, of all ${batch} messages of its batch to the same place`;
  const isBrokenOff = matched === undefined;
  const told = outcomes.flatMap((name) => {
    const count = counts[name];
    return count === undefined
      ? []
      : [`  ${isBrokenOff ? 'at least ' : ''}${count} ${name}: ${meanings[name]}`];
  });
  return [
    ...(ackMs === undefined ? [] : [`acknowledged after ${Math.round(ackMs)} ms`]),
    ...(isStored === true ? ['stored: the agent had no connection'] : []),
    `delivery${whose}:`,
    ...(told.length === 0 && !isBrokenOff ? ['  no copies were due'] : told),
    ...(isBrokenOff ? ['  unknown how many more: the delivery broke off'] : []),
  ];
}

function pushText(pushedTo: Explanation['pushedTo']): readonly string[] {
  return pushedTo.map((connectionId) => `pushed from the inbox to the connection ${connectionId}`);
}
