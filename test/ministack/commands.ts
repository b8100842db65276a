/** The commands of an operator, with MiniStack as AWS. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');
const region = 'us-east-1';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

export function clientOptions(endpoint: string) {
  return { endpoint, region, credentials };
}

/** @throws Error with all that it has printed when it fails */
export function cdk(endpoint: string | undefined, ...args: readonly string[]): void {
  run([require.resolve('aws-cdk/bin/cdk'), ...args, '--no-notices', '--no-color'], endpoint);
}

/** What `npm run token` prints, with the outputs from CloudFormation. */
export function token(endpoint: string, stack: string): string {
  const file = path.join(root, 'bin/token.ts');
  const options = ['--stack', stack, '--tenant', 'demo', '--agent', 'alice'];
  return run(['--import', 'tsx', file, ...options], endpoint).trim();
}

function run(args: readonly string[], endpoint: string | undefined): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: {
      ...process.env,
      ...(endpoint !== undefined && { AWS_ENDPOINT_URL: endpoint }),
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: region,
      CDK_DISABLE_CLI_TELEMETRY: 'true',
    },
  });
  if (status === 0) return stdout;
  throw new Error(`${args.join(' ')} has failed:\n${stdout}${stderr}`);
}
