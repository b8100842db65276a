/**
 * `npm run deploy -- [options of cdk deploy]`: deploys the stack and adds its outputs to `cdk-outputs.json`, beside those of other
 * deployments and Regions.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { repository, runCommand } from '../command';
import { defaultOutputsFile } from './outputs';
import { mergeOutputs } from './outputs-file';

const hint = `
The deployment has failed. If CloudFront says that the account must be verified before it may add resources: deploy
without the edge (npm run deploy -- -c edge=false); adding it later replaces nothing. Other causes: docs/runbook.md.`;

function main(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-outputs-'));
  try {
    const written = path.join(folder, 'outputs.json');
    const { status } = spawnSync(
      process.execPath,
      [require.resolve('aws-cdk/bin/cdk'), 'deploy', '--outputs-file', written, ...process.argv.slice(2)],
      { cwd: repository, stdio: 'inherit' },
    );
    mergeOutputs(defaultOutputsFile, written);
    if (status !== 0) console.error(hint);
    process.exitCode = status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return Promise.resolve();
}

void runCommand(main);
