/**
 * Runs `cdk synth` for the laptop gateway, so that the local stack is the one that would be deployed. Needs no
 * account and no network: credentials are removed from the environment, because with them the CDK calls AWS.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { devNull } from 'node:os';
import { repository } from './command';
import { UsageError } from './usage-error';

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

function offlineEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  return {
    ...Object.fromEntries(kept),
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    CDK_DISABLE_VERSION_CHECK: 'true',
    npm_config_update_notifier: 'false',
    // The schema checks take two seconds and matter only for a deployment; `npm run synth` runs them.
    CDK_VALIDATION: 'false',
  };
}
