/**
 * Folders of the system's own for temporary files, with packages from the registry: for suites that need more than the lockfile has.
 */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');
/** For one program; the largest install takes a minute on two busy cores. */
const runMs = 240_000;
/** Sooner at its end when nobody answers, and never silent, as `npm run --silent` would make it. */
const settings = [
  '--no-audit',
  '--no-fund',
  '--fetch-retries=1',
  '--fetch-timeout=60000',
  '--loglevel=error',
];
/** In npm's output when it is the registry that fails, and not the package. */
const unreachable =
  /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH|E50\d|E403|ENOTCACHED/;

/** Nobody's fault here: the rest of the suite is left out. */
class Unreachable extends Error {}

/** Runs a suite; without a registry it ends with one line that says so, and passes. */
export async function runSuite(suite: () => void | Promise<void>): Promise<void> {
  try {
    await suite();
  } catch (error) {
    if (error instanceof Unreachable) console.log(error.message);
    else {
      console.error(error);
      process.exitCode = 1;
    }
  }
}

export interface Scratch {
  readonly folder: string;
  /** Standard output; throws with all that the program has said when it fails. */
  run(command: string, ...args: readonly string[]): string;
  /** Packages, into the folder. Throws `Unreachable` when the registry does not answer. */
  install(...packages: readonly string[]): void;
  /** An install of any kind, likewise. */
  npm(args: readonly string[], environment?: Readonly<Record<string, string>>): void;
  write(name: string, text: string): void;
  remove(): void;
}

export function scratchFolder(): Scratch {
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-scratch-'));
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  const npm: Scratch['npm'] = (args, environment) => {
    try {
      run(folder, 'npm', [...args, ...settings], environment);
    } catch (error) {
      if (!unreachable.test(String(error))) throw error;
      throw new Unreachable(`Left out from here on: the registry does not answer npm ${args.join(' ')}`);
    }
  };
  return {
    folder,
    npm,
    run: (command, ...args) => run(folder, command, args),
    install: (...packages) => {
      npm(['install', ...packages]);
    },
    write: (name, text) => {
      writeFileSync(path.join(folder, name), text);
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function run(
  folder: string,
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): string {
  try {
    return execFileSync(command, args, {
      cwd: folder,
      env: { ...process.env, ...environment },
      encoding: 'utf8',
      stdio: 'pipe',
      timeout: runMs,
    });
  } catch (error) {
    const { stdout, stderr, code } = error as { stdout?: string; stderr?: string; code?: string };
    const said = `${command} ${args.join(' ')} has failed (${code ?? 'exit code'}):\n${stdout}${stderr}`;
    throw new Error(said, { cause: error });
  }
}

/**
 * @param place - of the package in the repository
 * @returns the path of the file in the folder
 */
export function packPackage(place: string, folder: string): string {
  const name = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: path.join(root, place),
    encoding: 'utf8',
    stdio: 'pipe',
  });
  return path.join(folder, name.trim().split('\n').at(-1) ?? '');
}

/** Rejects when it ends without saying it. */
export function said({ stdout }: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = '';
    stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const match = pattern.exec(text);
      if (match !== null) resolve(match);
    });
    stdout?.once('end', () => {
      reject(new Error(`Ended without ${String(pattern)}:\n${text}`));
    });
  });
}
