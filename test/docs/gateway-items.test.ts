/**
 * Holds the table of docs/gateway.md and the titles in test/gateway together: what is called tested has a test
 * with its number, and every test's number is in the table.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { titlesIn } from './titles';

const root = path.resolve(__dirname, '../..');
const suite = path.join(root, 'test/gateway');
const document = readFileSync(path.join(root, 'docs/gateway.md'), 'utf8');

/** The checklist has 78 items. */
const itemCount = 78;

const rows = [...document.matchAll(/^\| GW-(\d+) \|.*\| ([^|]+) \|$/gm)].map((match) => ({
  item: Number(match[1]),
  state: match[2]!.trim(),
}));
const tested = new Set(
  readdirSync(suite)
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => titlesIn(path.join(suite, file)))
    .flatMap((title) => [...(/^(?:GW-\d+ )+/.exec(title)?.[0] ?? '').matchAll(/\d+/g)])
    .map(([number]) => Number(number)),
);

test('the table has every item once, in order', () => {
  expect(rows.map(({ item }) => item)).toEqual(Array.from({ length: itemCount }, (_, index) => index + 1));
});

test('an item is tested, or left out with a reason', () => {
  expect(rows.filter(({ state }) => state !== 'tested' && !/^left out: .{20}/.test(state))).toEqual([]);
});

test('what the table calls tested has a test with its number, and the other way round', () => {
  const claimed = rows.filter(({ state }) => state === 'tested').map(({ item }) => item);
  expect([...tested].sort((one, other) => one - other)).toEqual(claimed);
});
