/** `artcafe request`: asks an agent and prints its reply. */
import type { Command } from 'commander';
import { parseDuration } from '../../tokens/claims';
import { type Who, withClient } from '../context/client';
import { contentOf, examples, object, whoOptions } from '../options';
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

async function request(to: string, content: string, options: Options, io: Io): Promise<void> {
  const { metadata } = options;
  const timeout = parseDuration(options.timeout) * 1_000;
  const printer = new Printer(io, options.json ?? false);
  await withClient(options, io, async (bus) => {
    const reply = await bus.agent(to).request(contentOf(content), {
      timeout,
      signal: io.interrupted,
      ...(metadata !== undefined && { metadata }),
    });
    const text = typeof reply.content === 'string' ? reply.content : JSON.stringify(reply.content);
    printer.result(wireForm(reply), printable(text));
  });
}
