/**
 * The examples, and the first blocks of code of the READMEs, against `npm start` as a new user runs them.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Running, startCommand } from '../bin/run-command';
import { blocksOfPage } from '../docs/code-blocks';

const repository = path.join(__dirname, '../..');

let running: Running;
let base: string;

beforeAll(async () => {
  execFileSync(process.execPath, ['clients/javascript/build.mjs'], { cwd: repository });
  running = startCommand('start.ts', ['--port', '0']);
  base = /Base URL +(ws:\S+)/.exec(await running.said(/npm run connect/))?.[1] ?? '';
});

afterAll(async () => {
  running.child.kill('SIGINT');
  await running.outcome;
});

/** What it says until it ends, or until that matches. */
function run(file: string, until?: RegExp, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const child = spawn(process.execPath, [file], {
    cwd: repository,
    env: { ...process.env, BUS_URL: base, BUS_PORT: new URL(base).port, PORT: '0', ...env },
  });
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (until?.test(said)) child.kill();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('close', (code) => {
      if (code === 0 || until?.test(said)) resolve(said);
      else reject(new Error(said));
    });
  });
}

test('request and reply', async () => {
  expect(await run('examples/request-reply.mjs')).toBe(
    'The sum is 42\nRefused: I add numbers only\nWithout the other agent: no_responders\n',
  );
});

test('a streaming answer', async () => {
  expect(await run('examples/streaming.mjs')).toBe(
    'Chunks are cheap: nobody waits for them, and who comes late reads the end.\n74 characters, number 1 of the channel\n',
  );
});

test('a page that watches a channel is served', async () => {
  const link = /http:\S+/.exec(await run('examples/watch.mjs', /http:\S+\n/))?.[0];
  expect(link).toContain(`/watch?channel=lobby&url=${encodeURIComponent(base)}`);
});

test.each(['README.md', 'clients/javascript/README.md'])(
  'the first block of %s lets two agents talk, as it stands',
  async (page) => {
    const code = blocksOfPage(page)[0]?.code ?? '';
    const lines = code.split('\n').filter((line) => line !== '' && !line.startsWith('import'));
    expect(lines.length).toBeLessThanOrEqual(10);
    expect(code).toContain("'ws://127.0.0.1:8787/v1'");
    // Inside the checkout, so that the package is found; git ignores the folder.
    mkdirSync(path.join(repository, '.local'), { recursive: true });
    const folder = mkdtempSync(path.join(repository, '.local/example-'));
    try {
      const script = path.join(folder, 'talk.mjs');
      writeFileSync(script, code);
      // Of the command as well, which asks the bus for tokens.
      const env = { NODE_OPTIONS: `--require ${path.join(__dirname, 'usual-port.cjs')}` };
      expect(await run(script, undefined, env)).toBe('You asked: Are you there?\n');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
