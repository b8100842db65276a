/** Packages of PyPI in a virtual environment of their own, for suites that use a Python tool where there is one. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

const pythons = ['python3', 'python'];
const isNewEnough = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';

/** The Python of the environment; `undefined` when something is missing, after one line that says what, beginning with `without`. */
export function pythonWith(folder: string, packages: readonly string[], without: string): string | undefined {
  const { python, missing } = install(folder, packages);
  if (missing !== undefined) console.log(`${without}: ${missing}`);
  return python;
}

function install(
  folder: string,
  packages: readonly string[],
): { readonly python?: string; readonly missing?: string } {
  const python = pythons.find((name) => succeeds(name, '-c', isNewEnough));
  if (python === undefined) return { missing: 'there is no Python 3.10 or newer' };
  mkdirSync(folder, { recursive: true });
  const own = path.join(folder, 'bin/python');
  if (!existsSync(own) && !succeeds(python, '-m', 'venv', folder))
    return { missing: 'Python makes no environment' };
  if (!succeeds(own, '-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', ...packages))
    return { missing: `pip installs no ${packages.join(' and ')}` };
  return { python: own };
}

function succeeds(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 120_000 }).status === 0;
}
