/** `artcafe deploy` and `artcafe destroy`: the stack in the user's AWS account. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { mergeOutputs } from '../../bin/deployment/outputs-file';
import { examples } from '../options';
import { CommandError, exitCodes } from '../output/exit-codes';
import type { Io } from '../output/io';
import { contextArguments, settingOptions, type Wishes } from './settings';
import { toolkitOf } from './toolkit';

interface Options extends Wishes {
  readonly outputs: string;
}

const hint = `The deployment has failed. If CloudFront says that the account must be verified before it may add resources: deploy
without the edge (--set edge=false); adding it later replaces nothing. Other causes: docs/runbook.md.`;

export function addDeploy(program: Command, io: Io): void {
  const command = program
    .command('deploy')
    .description('deploy the stack into your AWS account, with the CDK, and keep its outputs in a file')
    .argument('[options...]', 'after --: options of cdk deploy, such as --profile')
    .option('--outputs <file>', 'add the outputs of the deployment to this file', 'cdk-outputs.json');
  examples(
    settingOptions(command),
    'artcafe deploy',
    'artcafe deploy --set edge=false --set retentionHours=24',
    'artcafe deploy -- --profile prod --require-approval never',
  ).action((further: readonly string[], options: Options) => deploy(further, options, io));
}

export function addDestroy(program: Command, io: Io): void {
  const command = program
    .command('destroy')
    .description('remove the stack from your AWS account; what the setting "retain" keeps stays')
    .argument('[options...]', 'after --: options of cdk destroy, such as --force');
  examples(settingOptions(command), 'artcafe destroy', 'artcafe destroy -- --profile prod --force').action(
    async (further: readonly string[], options: Wishes) => {
      const toolkit = toolkitOf(io.directory, 'artcafe destroy');
      await succeed(toolkit.run(['destroy', ...contextArguments(options), ...further]));
    },
  );
}

async function deploy(further: readonly string[], options: Options, io: Io): Promise<void> {
  const toolkit = toolkitOf(io.directory, 'artcafe deploy');
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-outputs-'));
  const written = path.join(folder, 'outputs.json');
  try {
    const args = ['deploy', '--outputs-file', written, ...contextArguments(options), ...further];
    await succeed(toolkit.run(args), hint);
  } finally {
    // Also after a failure: it may be that of another stack of the app.
    mergeOutputs(path.resolve(io.directory, options.outputs), written);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function succeed(run: Promise<number>, hint = 'The toolkit has failed; see above.'): Promise<void> {
  if ((await run) !== 0) throw new CommandError(exitCodes.failed, hint);
}
