/**
 * Folders of the system's own for temporary files, with packages from the registry: for suites that need more than the lockfile has.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');
/** For one install; the largest takes 20 s on two busy cores. */
const installMs = 120_000;
/** In npm's output when it is the registry that fails, and not the package. */
const unreachable =
  /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH|E50\d|E403|ENOTCACHED/;

export interface Scratch {
  readonly folder: string;
  /** Standard output; throws with all that the program has said when it fails. */
  run(command: string, ...args: readonly string[]): string;
  /** False when the registry does not answer; throws when it refuses a package. */
  install(...packages: readonly string[]): boolean;
  write(name: string, text: string): void;
  remove(): void;
}

export function scratchFolder(): Scratch {
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-scratch-'));
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  const run = (command: string, args: readonly string[], timeout?: number): string => {
    try {
      return execFileSync(command, args, {
        cwd: folder,
        encoding: 'utf8',
        stdio: 'pipe',
        timeout: timeout ?? 120_000,
      });
    } catch (error) {
      const { stdout, stderr, code } = error as { stdout?: string; stderr?: string; code?: string };
      throw new Error(
        `${command} ${args.join(' ')} has failed (${code ?? 'exit code'}):\n${stdout}${stderr}`,
        {
          cause: error,
        },
      );
    }
  };
  return {
    folder,
    run: (command, ...args) => run(command, args),
    install: (...packages) => {
      try {
        run('npm', ['install', '--no-audit', '--no-fund', '--fetch-retries=1', ...packages], installMs);
        return true;
      } catch (error) {
        if (unreachable.test(String(error))) return false;
        throw error;
      }
    },
    write: (name, text) => {
      writeFileSync(path.join(folder, name), text);
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Packs the SDK into the folder; gives the name of the file. */
export function packSdk(folder: string): string {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: path.join(root, 'client'),
    stdio: 'pipe',
  });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack has made no file');
  return tarball;
}
