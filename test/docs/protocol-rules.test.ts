/**
 * Holds docs/protocol.md, the conformance suite and the table of codes together: every rule has a test that quotes it,
 * every test quotes a rule, and document and code know the same codes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { codes } from '../../protocol/index';
import { titlesIn } from './titles';

const root = path.resolve(__dirname, '../..');
const document = readFileSync(path.join(root, 'docs/protocol.md'), 'utf8');
const suite = path.join(root, 'test/conformance');

const rules = [...document.matchAll(/^\| ([A-Z]{3}-\d+) \|/gm)].map((match) => match[1]!);
const titles = readdirSync(suite)
  .filter((file) => file.endsWith('.test.ts'))
  .flatMap((file) => titlesIn(path.join(suite, file)).map((title) => ({ file, title })));

function ruleOf(title: string): string | undefined {
  return /^([A-Z]{3}-\d+) /.exec(title)?.[1];
}

test('the document has rules, and none has the id of another', () => {
  expect(rules.length).toBeGreaterThan(50);
  expect(rules.filter((rule, index) => rules.indexOf(rule) !== index)).toEqual([]);
});

test('every rule has a conformance test whose title begins with its id', () => {
  const tested = new Set(titles.map(({ title }) => ruleOf(title)));
  expect(rules.filter((rule) => !tested.has(rule))).toEqual([]);
});

test('every conformance test begins with the id of a rule of the document', () => {
  const unknown = titles.filter(({ title }) => !rules.includes(ruleOf(title) ?? ''));
  expect(unknown).toEqual([]);
});

test('document and code list the same error codes', () => {
  const section = document.slice(
    document.indexOf('\n## ERROR'),
    document.indexOf('\n## End of a connection'),
  );
  const inDocument = [...section.matchAll(/^\| `([a-z_]+)` \|/gm)].map((match) => match[1]);
  expect(inDocument.sort()).toEqual(Object.keys(codes).sort());
});
