/**
 * Holds docs/reliability.md and the fault suite together: each row of its tables is there, and what a row names exists:
 * files, titles of tests, kinds of faults. No kind of fault is left out.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { kinds } from '../faults/memory/chaos';
import { candidates, nameOf } from '../faults/socket-plan';
import { titlesIn } from './titles';

const root = path.resolve(__dirname, '../..');
const page = readFileSync(path.join(root, 'docs/reliability.md'), 'utf8');
const rows = [...page.matchAll(/^\| ([IF]\d+) \|(.*)\|$/gm)].map(([, id = '', rest = '']) => ({
  id,
  cells: rest.split(' |').map((cell) => cell.trim()),
}));
const invariants = rows.filter(({ id }) => id.startsWith('I'));
const faults = rows.filter(({ id }) => id.startsWith('F'));

/** The faults that the runs can inject, by the names that their reports use. */
const injectable: readonly string[] = [...kinds, ...candidates.map(({ rule }) => nameOf(rule))];

/** Files of tests, each with the titles that are quoted behind it. */
function proofsIn(cell: string): { file: string; titles: string[] }[] {
  return cell
    .split(/(?=`test\/)/)
    .map((part) => ({
      file: /^`(test\/[^`]+)`/.exec(part)?.[1] ?? '',
      titles: [...part.matchAll(/“([^”]+)”/g)].map(([, title = '']) => title),
    }))
    .filter(({ file }) => file !== '');
}

test('every invariant and every fault has its row, in order', () => {
  expect(invariants.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, index) => `I${index + 1}`));
  expect(faults.map(({ id }) => id)).toEqual(Array.from({ length: 32 }, (_, index) => `F${index + 1}`));
});

test.each(rows)('$id names files and tests that exist', ({ cells }) => {
  for (const { file, titles } of proofsIn(cells.at(-1) ?? '')) {
    expect({ file, exists: existsSync(path.join(root, file)) }).toEqual({ file, exists: true });
    const known = titles.length === 0 ? [] : titlesIn(path.join(root, file));
    expect({ file, missing: titles.filter((title) => !known.includes(title)) }).toEqual({
      file,
      missing: [],
    });
  }
});

test.each(invariants)('$id is checked by something', ({ cells }) => {
  expect(proofsIn(cells.at(-1) ?? '')).not.toEqual([]);
});

test.each(faults)(
  '$id is injected or tested, or says why it is absent',
  ({ cells: [, injected = '', by = ''] }) => {
    const names = [...injected.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    const isInjected = names.some((name) => injectable.includes(name));
    expect(isInjected || proofsIn(by).length > 0 || /^absent\b.{30}/.test(injected)).toBe(true);
  },
);

test('every fault that the runs inject stands in a row, under its name', () => {
  const named = faults.flatMap(({ cells: [, injected = ''] }) =>
    [...injected.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  expect(injectable.filter((name) => !named.includes(name))).toEqual([]);
  const unknown = named.filter((name) => name !== undefined && !injectable.includes(name));
  // The part of a plan, and a script.
  expect(unknown).toEqual(['clocks', 'npm run suite load:flood']);
});
