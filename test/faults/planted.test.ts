/** The planted bugs can still be planted; `npm run suite faults:planted` shows that each is found. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { plantedFolder, readBugs, withBug } from './planted-bugs';

const bugs = readBugs(plantedFolder);

test('there are enough of them, each with a name of its own', () => {
  expect(new Set(bugs.map(({ name }) => name)).size).toBe(bugs.length);
  expect(bugs.length).toBeGreaterThanOrEqual(10);
});

test.each(bugs)('$name has its place in the code', (bug) => {
  const source = readFileSync(path.join(__dirname, '../..', bug.file), 'utf8');
  expect(withBug(source, bug)).toBeDefined();
  expect(withBug(source, bug)).not.toBe(source);
});
