/**
 * `npm run suite python`: the Python SDK, as a user installs it. Builds the wheel and installs it into two virtual environments in
 * `.local/python`, one with the oldest `websockets` and one with the newest; checks types and style; runs the unit tests in both and the
 * live tests in the newest. `-- --faults` runs only the run under faults, for whose seed the next word is taken. Without Python 3.10 or
 * newer, its module `venv` or PyPI, it says so in one line and passes.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

const root = path.join(__dirname, '../..');
const sdk = path.join(root, 'clients/python');
const folder = path.join(root, '.local/python');
const wheels = path.join(folder, 'wheels');
const pythons = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
const isNewEnough = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';

interface Environment {
  readonly name: string;
  readonly websockets: string;
  readonly tools: readonly string[];
  /** For examples; the tests of those that can't be installed are left out, and say so. */
  readonly extras: readonly string[];
}

const oldest: Environment = {
  name: 'oldest',
  websockets: 'websockets==10.4',
  tools: ['pytest'],
  extras: [],
};
const newest: Environment = {
  name: 'newest',
  websockets: 'websockets',
  tools: ['pytest', 'mypy', 'ruff', 'build', 'hatchling'],
  extras: ['fastapi', 'uvicorn', 'langgraph'],
};

function attempt(
  command: string,
  args: readonly string[],
  cwd = sdk,
  stdio: 'inherit' | 'ignore' | 'pipe' = 'inherit',
): SpawnSyncReturns<Buffer> {
  return spawnSync(command, args, { cwd, stdio, env: { ...process.env, NODE: process.execPath } });
}

/** Ends with the command's own status when it fails. */
function run(command: string, ...args: readonly string[]): void {
  const { status } = attempt(command, args);
  if (status !== 0) process.exit(status ?? 1);
}

function commandIn(environment: Environment, name: string): string {
  return path.join(folder, environment.name, 'bin', name);
}

function make(python: string, environment: Environment): void {
  const own = commandIn(environment, 'python');
  if (!existsSync(own)) run(python, '-m', 'venv', path.join(folder, environment.name));
  const pip = ['-m', 'pip', '--disable-pip-version-check'];
  const tools = ['install', '--quiet', '--upgrade', environment.websockets, ...environment.tools];
  const { status, stderr } = attempt(own, [...pip, ...tools], sdk, 'pipe');
  if (status === 0) return;
  // pip says the same of a package that does not exist as of an index that does not answer.
  if (attempt(own, [...pip, 'index', 'versions', 'pip'], sdk, 'ignore').status !== 0)
    skip('PyPI does not answer');
  process.stderr.write(stderr);
  process.exit(status ?? 1);
}

function skip(reason: string): never {
  console.log(`The Python SDK is not tested: ${reason}`);
  process.exit(0);
}

function install(environment: Environment): void {
  const wheel = readdirSync(wheels).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('The build has made no wheel');
  const pip = [commandIn(environment, 'python'), '-m', 'pip', 'install', '--quiet'] as const;
  run(...pip, '--force-reinstall', '--no-deps', path.join(wheels, wheel));
}

function prepare(python: string): void {
  mkdirSync(folder, { recursive: true });
  for (const environment of [oldest, newest]) make(python, environment);
  rmSync(wheels, { recursive: true, force: true });
  run(commandIn(newest, 'python'), '-m', 'build', '--no-isolation', '--outdir', wheels);
  for (const environment of [oldest, newest]) install(environment);
}

function test(): void {
  const python = commandIn(newest, 'python');
  run(commandIn(newest, 'ruff'), 'check', '.');
  run(commandIn(newest, 'ruff'), 'format', '--check', '.');
  run(commandIn(newest, 'mypy'));
  const units = ['-m', 'pytest', '-q', 'tests', '--ignore', 'tests/live'];
  for (const environment of [oldest, newest]) run(commandIn(environment, 'python'), ...units);
  if (attempt(python, ['-m', 'pip', 'install', '--quiet', ...newest.extras], sdk, 'ignore').status !== 0)
    console.log('The packages of the examples can not be installed');
  run(python, '-m', 'pytest', '-q', '-rs', 'tests/live');
}

const python = pythons.find((name) => attempt(name, ['-c', isNewEnough], root, 'ignore').status === 0);
const [mode, ...rest] = process.argv.slice(2);
if (python === undefined) skip('there is no Python 3.10 or newer with the module venv');
prepare(python);
if (mode === '--faults') run(commandIn(newest, 'python'), 'tests/live/faults.py', ...rest);
else if (mode === '--figures') run(commandIn(newest, 'python'), 'tests/live/figures.py', ...rest);
else test();
