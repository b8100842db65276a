/** Installs MiniStack into a virtual environment in `.local/ministack` and runs it on a free port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { freePort, untilItAnswers } from '../helpers/processes';
import { pythonWith } from '../helpers/python-packages';

const folder = path.resolve(__dirname, '../../.local/ministack');
/** Keys need `cryptography`. */
const packages = ['ministack==1.5.33', 'cryptography==50.0.2'];
const startMs = 60_000;

/** The environment's own Python; `undefined` when something is missing, after one line that says what. */
export function installed(): string | undefined {
  return pythonWith(folder, packages, 'No deployment to MiniStack');
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
