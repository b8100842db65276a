/**
 * The toolkit of the CDK, and the app that it runs: both are the user's, in the current folder. The command brings neither, since
 * together they are over 100 MB that only an operator needs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { offlineEnvironment } from '../../bin/synthesis/offline-environment';
import { UsageError } from '../../bin/usage-error';

const construct = '@artcafe/pubsub-cdk';
/** Packages, and what npm installs: version 3 of the toolkit does not read what version 2 of the library writes. */
const needed = new Map([
  [construct, construct],
  ['aws-cdk-lib', 'aws-cdk-lib@2'],
  ['constructs', 'constructs'],
  ['aws-cdk', 'aws-cdk@2'],
]);

export interface Toolkit {
  /** Runs a command of the toolkit; resolves with its exit code. */
  run(args: readonly string[], options?: ToolkitOptions): Promise<number>;
}

export interface ToolkitOptions {
  /** Its output goes nowhere, and it asks no account: default false. */
  readonly isOffline?: boolean;
}

/**
 * Of a folder with a `cdk.json`, its own app; else the app of the construct's package.
 * @param purpose what it is needed for, such as `artcafe deploy`
 * @throws UsageError that says what to install
 */
export function toolkitOf(directory: string, purpose: string): Toolkit {
  const from = createRequire(path.join(directory, 'package.json'));
  const hasApp = existsSync(path.join(directory, 'cdk.json'));
  const wanted = hasApp ? ['aws-cdk'] : [...needed.keys()];
  const missing = wanted.filter((name) => !isInstalled(from, name)).map((name) => needed.get(name));
  if (missing.length > 0)
    throw new UsageError(
      `${purpose} needs packages that are not in this folder: npm install ${missing.join(' ')}`,
    );
  const command = from.resolve('aws-cdk/bin/cdk');
  const app = hasApp ? [] : ['--app', appOf(from)];
  return {
    run: async (args, { isOffline = false } = {}) => {
      const child = spawn(process.execPath, [command, ...args, ...app], {
        cwd: directory,
        stdio: isOffline ? ['ignore', 'ignore', 'inherit'] : 'inherit',
        env: isOffline ? offlineEnvironment() : process.env,
      });
      const [code] = (await once(child, 'close')) as [number | null];
      return code ?? 1;
    },
  };
}

function isInstalled(from: NodeJS.Require, name: string): boolean {
  try {
    from.resolve(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
}

function appOf(from: NodeJS.Require): string {
  const file = path.join(path.dirname(from.resolve(`${construct}/package.json`)), 'dist/app.js');
  // The toolkit takes quotes at both ends away.
  return `node ${JSON.stringify(file)}`;
}
