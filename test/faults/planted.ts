/**
 * `npm run suite faults:planted`: shows that the checker can fail. Plants one bug at a time into a copy of the product, and lets
 * random schedules run until one of them is found guilty. Fails when a bug stays unseen, or can't be planted any more
 * because the code has changed.
 *
 * To add a bug, write a file `test/faults/planted/some-name.txt` (or in a folder of your own, with `-- --folder FOLDER`):
 *
 *     name: missed page
 *     file: lambda/shared/each-concurrently.ts
 *     --- replace
 *     a text, of one line or more, that stands exactly once in the file
 *     --- by
 *     the mistake, which still has to run
 *
 * Further pairs of `--- replace` and `--- by` may follow. `-- --only NAME` runs the bugs whose name holds NAME.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type PlantedBug, plantedFolder, readBugs, withBug } from './planted-bugs';

const repository = path.join(__dirname, '..', '..');
/** Inside the checkout, so that packages are found. Git ignores it. */
const folder = path.join(repository, '.local', 'planted');
/** What a schedule needs. */
const copied = ['lambda', 'protocol', 'gateway', 'test/doubles', 'test/faults', 'tsconfig.json'];

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '300' },
    /** Only the bugs whose name holds this. */
    only: { type: 'string', default: '' },
    /** Where the bugs are. */
    folder: { type: 'string', default: plantedFolder },
  },
});

/** On a busy machine. */
const maxMs = 300_000;

interface Verdict {
  readonly bug: PlantedBug;
  readonly outcome: string;
  readonly isCaught: boolean;
}

/** Whether every edit found its place. */
function plant(bug: PlantedBug, copy: string): boolean {
  const target = path.join(copy, bug.file);
  const source = withBug(readFileSync(target, 'utf8'), bug);
  if (source !== undefined) writeFileSync(target, source);
  return source !== undefined;
}

async function judge(bug: PlantedBug): Promise<Verdict> {
  const copy = path.join(folder, bug.name.replaceAll(/\W+/g, '-'));
  mkdirSync(copy, { recursive: true });
  for (const each of copied) cpSync(path.join(repository, each), path.join(copy, each), { recursive: true });
  if (!plant(bug, copy)) return { bug, outcome: 'its place in the code is gone', isCaught: false };
  const said = await run(copy);
  const seed = /^seed (\d+)\n {2}(.*)$/m.exec(said);
  if (seed !== null) return { bug, outcome: `seed ${seed[1] ?? ''}: ${seed[2] ?? ''}`, isCaught: true };
  const ran = /(\d+) schedules in/.exec(said)?.[1];
  // What breaks the run altogether is no proof that the checker sees anything.
  return {
    bug,
    outcome: ran === undefined ? `the run broke: ${said.slice(-400)}` : `unseen in ${ran} schedules`,
    isCaught: false,
  };
}

function run(copy: string): Promise<string> {
  const script = path.join(copy, 'test', 'faults', 'long.ts');
  const options = ['--schedules', values.schedules, '--first'];
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...options], { cwd: repository });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  // A bug that makes everybody ask for ever would keep the run for ever as well.
  const timer = setTimeout(() => child.kill(), maxMs);
  return new Promise((resolve) => {
    child.once('close', () => {
      clearTimeout(timer);
      resolve(said);
    });
  });
}

async function main(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const chosen = readBugs(values.folder).filter(({ name }) => name.includes(values.only));
  const startedAt = Date.now();
  let caught = 0;
  for (const bug of chosen) {
    const { outcome, isCaught } = await judge(bug);
    if (isCaught) caught += 1;
    console.log(`${isCaught ? 'caught' : 'MISSED'}  ${bug.name}\n        ${outcome}`);
  }
  rmSync(folder, { recursive: true, force: true });
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  console.log(`\n${caught} of ${chosen.length} planted bugs caught in ${seconds} s`);
  process.exitCode = caught === chosen.length ? 0 : 1;
}

void main();
