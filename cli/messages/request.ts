/** `artcafe request`: asks an agent and prints its reply. */
import { PubSubError } from '@artcafe/pubsub';
import type { Command } from 'commander';
import { parseDuration } from '../../tokens/claims';
import { type Who, withClient } from '../context/client';
import { contentOf, examples, object, whoOptions } from '../options';
import { CommandError, exitCodes } from '../output/exit-codes';
import type { Io } from '../output/io';
import { Printer, printable, wireForm } from '../output/printer';

interface Options extends Who {
  readonly timeout: string;
  readonly metadata?: Record<string, unknown>;
}

export function addRequest(program: Command, io: Io): void {
  const command = program
    .command('request')
    .description('ask an agent and print its reply; ends with 5 when nobody answers')
    .argument('<to>', 'the agent to ask')
    .argument('<content>', 'JSON, or a text')
    .option('--timeout <time>', 'how long to wait, such as 5s', '30s')
    .option('--metadata <json>', 'metadata of the request', object);
  examples(
    whoOptions(command),
    `artcafe request adder '{"a":1,"b":2}'`,
    'artcafe request bob "are you there?" --timeout 5s --json',
  ).action((to: string, content: string, options: Options) => request(to, content, options, io));
}

/** A process that only watches, such as `artcafe subscribe --inbox`, never answers; one without a handler does so after two seconds. */
function silence(to: string, { timeout }: Options): CommandError {
  return new CommandError(
    exitCodes.unanswered,
    `timeout: no reply from ${printable(to)} within ${timeout}. It is slow, or has no handler for requests, as artcafe subscribe --inbox.`,
  );
}

async function request(to: string, content: string, options: Options, io: Io): Promise<void> {
  const { metadata } = options;
  const timeout = parseDuration(options.timeout) * 1_000;
  const printer = new Printer(io, options.json ?? false);
  await withClient(options, io, async (bus) => {
    const reply = await bus
      .agent(to)
      .request(contentOf(content), {
        timeout,
        signal: io.interrupted,
        ...(metadata !== undefined && { metadata }),
      })
      .catch((error: unknown) => {
        throw error instanceof PubSubError && error.code === 'timeout' ? silence(to, options) : error;
      });
    const text = typeof reply.content === 'string' ? reply.content : JSON.stringify(reply.content);
    printer.result(wireForm(reply), printable(text));
  });
}
