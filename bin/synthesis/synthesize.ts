/**
 * Runs `cdk synth` for the laptop gateway, so that the local stack is the one that would be deployed. Needs no
 * account and no network: credentials are removed from the environment, because with them the CDK calls AWS.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { repository } from '../command';
import { offlineEnvironment } from './offline-environment';
import { UsageError } from '../usage-error';

/** @throws UsageError with the output of the CDK when it fails */
export async function synthesize(directory: string, settingsFile: string | undefined): Promise<void> {
  const child = spawn(
    process.execPath,
    [
      require.resolve('aws-cdk/bin/cdk'),
      'synth',
      '--quiet',
      '--output',
      directory,
      '--no-notices',
      '--no-version-reporting',
      '--no-color',
      ...(settingsFile === undefined ? [] : ['--context', `config=${settingsFile}`]),
    ],
    { cwd: repository, env: offlineEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  // A child outlives the process that started it. This handler runs before the one that removes the folder.
  const stop = () => child.kill();
  process.prependOnceListener('exit', stop);
  let output = '';
  const listen = (chunk: Buffer) => {
    output += chunk.toString('utf8');
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const [code] = (await once(child, 'close')) as [number | null];
  process.removeListener('exit', stop);
  if (code !== 0) throw new UsageError(`The stack cannot be synthesized.\n${output.trim()}`);
}
