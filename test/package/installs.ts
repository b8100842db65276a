/**
 * Installs of this repository as the README tells them: `npm run suite install`. For production and without install scripts, each
 * in a fresh clone of the last commit; then `npm start` serves and the SDK can be imported. A Node that is too old is refused.
 * Where the registry does not answer, a line says so and the rest of that install is left out.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { runSuite, type Scratch, scratchFolder } from './scratch';

const root = path.resolve(__dirname, '../..');
/** For the synthesis, on busy cores. */
const startMs = 120_000;

interface Install {
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What the README says to run afterwards. */
  readonly script?: string;
}

const installs: Readonly<Record<string, Install>> = {
  'NODE_ENV=production npm ci': { options: [], environment: { NODE_ENV: 'production' } },
  'npm ci --ignore-scripts': { options: ['--ignore-scripts'], environment: {}, script: 'build' },
};

async function main(): Promise<void> {
  await inClone('npm ci on a Node that is too old is refused', (scratch) => {
    refusesOldNode(scratch);
  });
  for (const [name, install] of Object.entries(installs))
    await inClone(name, (scratch) => check(scratch, install));
}

async function inClone(name: string, work: (scratch: Scratch) => void | Promise<void>): Promise<void> {
  const scratch = scratchFolder();
  try {
    rmSync(path.join(scratch.folder, 'package.json'));
    scratch.run('git', 'clone', '--quiet', root, '.');
    await work(scratch);
    console.log(`${name}: good`);
  } finally {
    scratch.remove();
  }
}

/** By its version alone, so that no other Node is needed. */
function refusesOldNode(scratch: Scratch): void {
  const file = 'package.json';
  const text = readFileSync(path.join(scratch.folder, file), 'utf8');
  const future = text.replace(/("engines": \{\s+"node": )"[^"]+"/, '$1">=99"');
  if (future === text) throw new Error(`${file} names no engine`);
  scratch.write(file, future);
  try {
    scratch.run('npm', 'ci', '--offline', '--loglevel=error');
  } catch (error) {
    if (String(error).includes('EBADENGINE')) return;
    throw error;
  }
  throw new Error('npm ci has installed on a Node that "engines" excludes');
}

async function check(scratch: Scratch, { options, environment, script }: Install): Promise<void> {
  scratch.npm(['ci', ...options], environment);
  if (script !== undefined) scratch.run('npm', 'run', script);
  scratch.run(
    ...[process.execPath, '--input-type=module', '--eval'],
    `import { PubSub } from '@artcafe/pubsub';
     import { createRequire } from 'node:module';
     if (createRequire(process.cwd() + '/x.js')('@artcafe/pubsub').PubSub.name !== PubSub.name) throw new Error('no SDK');`,
  );
  await serves(scratch, environment);
}

async function serves(scratch: Scratch, environment: Install['environment']): Promise<void> {
  const child = spawn('npm', ['start', '--', '--port', '0'], {
    cwd: scratch.folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    // npm and what it has started, together.
    detached: true,
  });
  const exit = once(child, 'exit');
  const late = setTimeout(() => child.kill('SIGKILL'), startMs);
  try {
    const url = await baseUrl(child.stdout);
    const { status } = await fetch(url.replace(/^ws(.*)\/v1$/, 'http$1/_gateway/ready'));
    if (status !== 200) throw new Error(`The gateway answers ${status}`);
  } finally {
    clearTimeout(late);
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
    await exit;
  }
}

async function baseUrl(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const [, url] = /Base URL +(ws:\S+)/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error('npm start has ended without its URL');
}

void runSuite(main);
