/**
 * Commit b45d54d, the first release that others run: checked out into a folder of the system's own for temporary files, with
 * its SDK as it is published.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const oldCommit = 'b45d54d';

const root = path.resolve(__dirname, '../..');

export interface OldRelease {
  /** Its sources and packages. */
  readonly root: string;
  /** Main file of its packed SDK. */
  readonly client: string;
  remove(): void;
}

/** `undefined` when this clone does not have the commit, as a shallow one does not. */
export function checkOut(): OldRelease | undefined {
  if (!hasCommit()) return undefined;
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-upgrade-'));
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const checkout = path.join(folder, 'checkout');
    mkdirSync(checkout);
    run('tar', ['-x'], checkout, run('git', ['archive', oldCommit], root));
    install(checkout);
    return { root: checkout, client: packedClient(folder, checkout), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function hasCommit(): boolean {
  try {
    run('git', ['cat-file', '-e', `${oldCommit}^{commit}`], root);
    return true;
  } catch {
    return false;
  }
}

/** Our packages serve while they are the same ones; else its own are installed. */
function install(checkout: string): void {
  const lockOf = (folder: string): string => readFileSync(path.join(folder, 'package-lock.json'), 'utf8');
  if (lockOf(checkout) === lockOf(root)) {
    symlinkSync(path.join(root, 'node_modules'), path.join(checkout, 'node_modules'));
  } else run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], checkout);
}

function packedClient(folder: string, checkout: string): string {
  run('npm', ['pack', '--silent', '--pack-destination', folder], path.join(checkout, 'client'));
  const { name, version } = JSON.parse(readFileSync(path.join(checkout, 'client/package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  run('tar', ['-xzf', `${name.replace('@', '').replace('/', '-')}-${version}.tgz`], folder);
  return path.join(folder, 'package/dist/index.cjs');
}

function run(command: string, args: readonly string[], cwd: string, input?: Buffer): Buffer {
  return execFileSync(command, args, {
    cwd,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    maxBuffer: 256 * 1024 * 1024,
    ...(input === undefined ? {} : { input }),
  });
}
