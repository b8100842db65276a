/** The first steps of the SDK's page, with the packed packages in an empty folder and nothing else, within the time that they may take. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { blocksOfPage } from '../docs/code-blocks';
import { said, type Scratch } from './scratch';

const page = 'clients/javascript/README.md';
/** From the end of the install. */
const messageMs = 60_000;

/**
 * @param tarballs - of the SDK and of the command
 * @throws Error when the program of the page does not print the reply, or not in time
 */
export async function followFirstSteps(scratch: Scratch, tarballs: readonly string[]): Promise<void> {
  scratch.install(...tarballs, 'ws');
  const begin = performance.now();
  const environment = { ...process.env, XDG_STATE_HOME: scratch.folder };
  const run = (program: string, args: readonly string[], further: Readonly<Record<string, string>> = {}) =>
    spawn(program, args, {
      cwd: scratch.folder,
      env: { ...environment, ...further },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  const children: ChildProcess[] = [];
  try {
    // On a free port, and the program goes there.
    const bus = run(path.join(scratch.folder, 'node_modules/.bin/artcafe'), ['start', '--port', '0']);
    children.push(bus);
    const [, url = ''] = await said(bus, /Base URL +(\S+)/);
    scratch.write('talk.mjs', firstProgram().replace('ws://127.0.0.1:8787/v1', url));
    const talk = run(process.execPath, ['talk.mjs'], { ARTCAFE_URL: url });
    children.push(talk);
    await said(talk, /^You asked: Are you there\?$/m);
  } finally {
    for (const child of children) if (child.exitCode === null) child.kill('SIGINT');
  }
  const ms = Math.round(performance.now() - begin);
  if (ms > messageMs) throw new Error(`The first message comes ${ms} ms after the install`);
  console.log(`first message ${ms} ms after the install`);
}

function firstProgram(): string {
  const program = blocksOfPage(page)[0]?.code;
  if (!program?.includes("url: 'ws://127.0.0.1:8787/v1'"))
    throw new Error('The page begins with another program');
  return program;
}
