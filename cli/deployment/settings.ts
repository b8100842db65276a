/** Settings on the command line, as every command takes them that needs a stack. */
import { type Command, InvalidArgumentError } from 'commander';

export interface Wishes {
  readonly set?: readonly string[];
  readonly config?: string;
}

export function settingOptions(command: Command): Command {
  return command
    .option('--config <file>', 'settings file (default: artcafe.config.json, if there is one)')
    .option('--set <name=value>', 'one setting (docs/settings.md); may be given several times', add);
}

/** For the toolkit, which hands them to the app. */
export function contextArguments({ set = [], config }: Wishes): string[] {
  const context = [...set, ...(config === undefined ? [] : [`config=${config}`])];
  return context.flatMap((each) => ['--context', each]);
}

/** @example contextOfSettings({ set: ['edge=false'] }) // { edge: 'false' } */
export function contextOfSettings({ set = [] }: Wishes): Record<string, string> {
  return Object.fromEntries(
    set.map((each) => {
      const [name = '', ...value] = each.split('=');
      return [name, value.join('=')];
    }),
  );
}

function add(text: string, earlier: readonly string[] = []): readonly string[] {
  if (!/^\w+=/.test(text)) throw new InvalidArgumentError('It must be like retentionHours=24.');
  return [...earlier, text];
}
