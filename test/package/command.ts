/**
 * The packed command in an empty folder, as part of `npm run suite command`: installed without the registry, it runs the bus, and two
 * agents talk, within the times that the documents promise. And what `publint` says of the tarball.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { packPackage, runSuite, said, type Scratch, scratchFolder } from './scratch';

const root = path.resolve(__dirname, '../..');
/** From the start of the bus; of the issue's 3 s and 60 s. */
const readyMs = 3_000;
const messageMs = 60_000;

async function main(): Promise<void> {
  const scratch = scratchFolder();
  try {
    const tarball = packPackage('cli', scratch.folder);
    const findings = scratch.run(
      process.execPath,
      path.join(root, 'node_modules/publint/src/cli.js'),
      tarball,
      '--strict',
    );
    if (!findings.includes('All good!')) throw new Error(findings);
    console.log('publint: good');
    scratch.npm(['install', '--offline', tarball]);
    const begin = performance.now();
    await twoAgentsTalk(scratch, begin);
    console.log(`first message ${Math.round(performance.now() - begin)} ms after the start: good`);
  } finally {
    scratch.remove();
  }
}

async function twoAgentsTalk(scratch: Scratch, begin: number): Promise<void> {
  const gateway = artcafe(scratch, 'start', '--port', '0');
  const children = [gateway];
  try {
    const [, site = '', url = ''] = await said(gateway, /Console +(\S+)\s+Base URL +(\S+)/);
    const ready = performance.now() - begin;
    console.log(
      `ready after ${Math.round(ready)} ms: ${ready <= readyMs ? 'good' : `more than ${readyMs} ms on this machine`}`,
    );
    const page = await fetch(new URL('app.js', site));
    if (!page.ok) throw new Error(`The console is not there: ${page.status}`);
    const bob = artcafe(
      scratch,
      'subscribe',
      'lobby',
      '--agent',
      'bob',
      '--json',
      '--limit',
      '1',
      '--url',
      url,
    );
    children.push(bob);
    const message = said(bob, /"hello":"world"/);
    const waiting = { isOver: false };
    void message.then(() => (waiting.isOver = true));
    // Until bob has subscribed, nobody gets it.
    while (!waiting.isOver && performance.now() - begin < messageMs) {
      const alice = artcafe(
        scratch,
        'publish',
        'lobby',
        '{"hello":"world"}',
        '--agent',
        'alice',
        '--url',
        url,
      );
      const [code] = (await once(alice, 'exit')) as [number | null];
      if (code !== 0) throw new Error(`publish ends with ${String(code)}`);
    }
    await message;
    if (performance.now() - begin > messageMs) throw new Error(`No message within ${messageMs} ms`);
  } finally {
    for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  }
}

function artcafe(scratch: Scratch, ...args: readonly string[]): ChildProcess {
  return spawn(path.join(scratch.folder, 'node_modules/.bin/artcafe'), args, {
    cwd: scratch.folder,
    env: { ...process.env, XDG_STATE_HOME: scratch.folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

void runSuite(main);
