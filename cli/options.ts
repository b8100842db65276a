/** Options that several commands share, with one meaning and one text. */
import { type Command, InvalidArgumentError, Option } from 'commander';

/** Where: of every command that reaches a bus. */
export function placeOptions(command: Command): Command {
  return command
    .option('--context <name>', 'the laptop gateway, or a deployed stack by its name (default: "laptop")')
    .option('--url <url>', 'base URL, such as ws://127.0.0.1:8787/v1 (default: that of the context)')
    .option(
      '--outputs <file>',
      'outputs of the deployment (default: "cdk-outputs.json", else CloudFormation)',
    )
    .option('--bus <name>', "the construct, where the stack is an app's own and has several");
}

/** As whom: of every command that connects as an agent. */
export function whoOptions(command: Command): Command {
  return placeOptions(command)
    .option('--tenant <tenant>', 'tenant of the token', 'demo')
    .option('--agent <agent>', 'agent of the token', 'cli')
    .option('--token <token>', 'use this token instead of a new one')
    .option('--json', 'one JSON object per line');
}

export function integer(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

export function object(text: string): Record<string, unknown> {
  const value = json(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new InvalidArgumentError('It must be a JSON object.');
}

/** @example contentOf('{"a":1}') // { a: 1 }, and 'hello' for hello */
export function contentOf(text: string): unknown {
  const value = json(text);
  return value === undefined ? text : value;
}

export const roleOption = () =>
  new Option(
    '--role <role>',
    'observer: reads its tenant and writes nothing; service: acts for its tenant',
  ).choices(['observer', 'service']);

/** Examples at the end of the help. */
export function examples(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
