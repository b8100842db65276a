/** `artcafe verify`: asks a deployment the questions of docs/on-aws.md that a program can ask. */
import type { Command } from 'commander';
import type { Target } from '../../bin/verify/target';
import { type Context, contextOf, type Location, originOf } from '../context/context';
import { keyServiceOf } from '../context/tokens';
import { examples, placeOptions } from '../options';
import { CommandError, exitCodes } from '../output/exit-codes';
import type { Io } from '../output/io';
import { Printer } from '../output/printer';

interface Options extends Location {
  readonly json?: boolean;
}

export function addVerify(program: Command, io: Io): void {
  const command = program
    .command('verify')
    .description(
      'prove that a deployment works: up to nine minutes and under $0.10 on AWS; exit code 1 when an answer is not as expected',
    )
    .option('--json', 'one answer per line, as a JSON object');
  examples(placeOptions(command), 'artcafe verify', 'artcafe verify --context ArtCafePubSub').action(
    (options: Options) => run(options, io),
  );
}

async function run(options: Options, io: Io): Promise<void> {
  const [{ verify }, { tableOf }] = await Promise.all([
    import('../../bin/verify/verification.js'),
    import('../../bin/verify/check.js'),
  ]);
  const { json = false } = options;
  const printer = new Printer(io, json);
  const rows = await verify(await targetOf(await contextOf(options, io)), (row) => {
    if (json) printer.result(row, '');
    else io.complain(`${row.toDo === '' ? 'ok    ' : 'FAILED'} ${row.asked}\n`);
  });
  const failed = rows.filter(({ toDo }) => toDo !== '').length;
  const summary = `${rows.length - failed} of ${rows.length} as expected.`;
  if (!json) io.write(`\n${tableOf(rows)}\n\n${summary}\n`);
  if (failed > 0) throw new CommandError(exitCodes.failed, summary);
}

async function targetOf(context: Context): Promise<Target> {
  const { Target } = await import('../../bin/verify/target.js');
  const { name, url, isLaptop } = context;
  const outputs = await context.outputs();
  if (!isLaptop) return new Target({ name, outputs, api: outputs.BaseUrl, edge: outputs.EdgeBaseUrl });
  const origin = originOf(url);
  const { urls } = (await (await fetch(new URL('/_gateway/ready', origin))).json()) as {
    readonly urls: { readonly base: string; readonly edge?: string };
  };
  return new Target({
    ...{ name, outputs, api: outputs.BaseUrl && urls.base, edge: urls.edge },
    runSweep: () => runSchedules(origin),
    kms: keyServiceOf(context),
  });
}

async function runSchedules(origin: string): Promise<void> {
  const page = new URL('/_gateway/schedules', origin);
  const { schedules } = (await (await fetch(page)).json()) as {
    readonly schedules: readonly { readonly name: string }[];
  };
  for (const { name } of schedules)
    await fetch(`${page.href}/${encodeURIComponent(name)}`, { method: 'POST' });
}
