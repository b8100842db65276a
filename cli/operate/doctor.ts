/** `artcafe doctor`: checks step by step whether an agent can connect, and says what is wrong. */
import type { Command } from 'commander';
import { type Who } from '../context/client';
import { examples, whoOptions } from '../options';
import { CommandError, exitCodes } from '../output/exit-codes';
import type { Io } from '../output/io';
import { Printer } from '../output/printer';
import { diagnose } from './diagnosis';

export function addDoctor(program: Command, io: Io): void {
  const command = program
    .command('doctor')
    .description('check URL, TLS, clock, token and sub-protocol, and say what is wrong');
  examples(
    whoOptions(command),
    'artcafe doctor',
    'artcafe doctor --context ArtCafePubSub',
    'artcafe doctor --url wss://bus.example.com/v1 --token "$TOKEN"',
  ).action((options: Who) => doctor(options, io));
}

async function doctor(options: Who, io: Io): Promise<void> {
  const printer = new Printer(io, options.json ?? false);
  let faults = 0;
  for await (const { check, good, said } of diagnose(options, io)) {
    if (!good) faults += 1;
    const mark = good ? printer.styled('green', 'good') : printer.styled('red', 'BAD ');
    printer.result({ check, good, said }, `${mark} ${check.padEnd(12)} ${said}`);
  }
  if (faults > 0) throw new CommandError(exitCodes.failed, 'An agent cannot connect like this.');
}
