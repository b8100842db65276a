/** A folder that can be taken in at one look: at most twelve sources, as docs/architecture.md says. */
import { readdirSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');
const most = 12;
const sources = [
  'bin',
  'lib',
  'lambda',
  'protocol',
  'gateway',
  'tokens',
  'clients/javascript',
  'cli',
  'console',
];
const notOurs = ['node_modules', 'dist', 'docs'];
/** One file for each frame. */
const exempt = ['protocol/frames', 'protocol/frames/server'];

/** The folder and those below it, with the number of sources in each. */
function foldersIn(folder: string): [folder: string, files: number][] {
  const entries = readdirSync(path.join(root, folder), { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name)).length;
  const below = entries.filter((entry) => entry.isDirectory() && !notOurs.includes(entry.name));
  return [[folder, files], ...below.flatMap(({ name }) => foldersIn(`${folder}/${name}`))];
}

test('no folder holds more than twelve sources', () => {
  const folders = sources.flatMap(foldersIn);
  expect(folders.length).toBeGreaterThan(40);
  expect(folders.filter(([folder, files]) => files > most && !exempt.includes(folder))).toEqual([]);
});
