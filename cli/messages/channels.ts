/** `artcafe channels`: the channels of a tenant, with the end of each log. */
import type { Command } from 'commander';
import type { Who } from '../context/client';
import { channelsOf } from '../context/http-api';
import { examples, whoOptions } from '../options';
import type { Io } from '../output/io';
import { Printer, printable } from '../output/printer';

export function addChannels(program: Command, io: Io): void {
  const command = program
    .command('channels')
    .description('list the channels of the tenant, with the number and time of the newest message');
  examples(
    whoOptions(command),
    'artcafe channels',
    'artcafe channels --tenant acme --json | jq -r .channel_id',
  ).action((options: Who) => channels(options, io));
}

async function channels(who: Who, io: Io): Promise<void> {
  const printer = new Printer(io, who.json ?? false);
  for await (const head of channelsOf(who, io)) {
    const { channel_id: name, sequence, timestamp } = head;
    printer.result(head, `${printer.styled('dim', timestamp)} ${printable(name)} #${sequence}`);
  }
}
