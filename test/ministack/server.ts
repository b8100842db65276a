/** Installs MiniStack into a virtual environment in `.local/ministack` and runs it on a free port. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { freePort, untilItAnswers } from '../helpers/processes';

const folder = path.resolve(__dirname, '../../.local/ministack');
const pythons = ['python3', 'python'];
const isNewEnough = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';
/** Keys need `cryptography`. */
const packages = ['ministack==1.5.33', 'cryptography==50.0.2'];
const startMs = 60_000;

/** The environment's own Python; `undefined` when something is missing, after one line that says what. */
export function installed(): string | undefined {
  const { python, missing } = install();
  if (missing !== undefined) console.log(`No deployment to MiniStack: ${missing}`);
  return python;
}

function install(): { readonly python?: string; readonly missing?: string } {
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

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startMiniStack(python: string): Promise<Server> {
  const port = await freePort();
  const child = spawn(python, ['-m', 'ministack'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      LOG_LEVEL: 'ERROR',
    },
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilItAnswers(url, child, startMs);
  } catch (error) {
    await stop(child);
    throw error;
  }
  return { url, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
