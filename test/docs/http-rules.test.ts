/**
 * Holds docs/http-api.md, its tests, the code and the OpenAPI document together: every rule has a test that quotes it and code that
 * cites it, and the page and the document list the same requests.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { operations } from '../http/documented';
import { titlesIn } from './titles';

const root = path.resolve(__dirname, '../..');
const page = readFileSync(path.join(root, 'docs/http-api.md'), 'utf8');
const rules = [...page.matchAll(/^\| (HTTP-\d+) \|/gm)].map(([, rule]) => rule!);

test('the page has rules, and none has the id of another', () => {
  expect(rules.length).toBeGreaterThan(10);
  expect(new Set(rules).size).toBe(rules.length);
});

test('every rule has a test in test/http whose title begins with its id, and every test a rule', () => {
  const folder = path.join(root, 'test/http');
  const quoted = readdirSync(folder)
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => titlesIn(path.join(folder, file)))
    .map((title) => /^(HTTP-\d+) /.exec(title)?.[1] ?? title);
  expect([...new Set(quoted)].sort()).toEqual([...rules].sort());
});

test('every rule is cited by the code that decides it, and every citation is a rule', () => {
  const cited = ['lambda', 'protocol', 'lib'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => readFileSync(path.join(root, folder, file), 'utf8').match(/\bHTTP-\d+\b/g) ?? []),
  );
  expect([...new Set(cited)].sort()).toEqual([...rules].sort());
});

test('the page and the OpenAPI document list the same requests, with the same parameters', () => {
  const rows = [...page.matchAll(/^\| `(GET|POST|DELETE) \/v1(\/[^`?]*)/gm)];
  expect(rows.map(([, method, template]) => `${method} ${template}`).sort()).toEqual([...operations].sort());
});
