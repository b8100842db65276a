/**
 * The code cites the rules of docs/protocol.md where it decides them. Lists the rules that no code cites, and the citations of
 * rules that do not exist.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');
const document = readFileSync(path.join(root, 'docs/protocol.md'), 'utf8');
const rules = [...document.matchAll(/^\| ([A-Z]{3}-\d+) \|/gm)].map(([, rule]) => rule!);

/** `UTF-16` is not a citation. */
const groups = new Set(rules.map((rule) => rule.slice(0, 3)));

/** Rules that no code of the functions decides, each with the reason. */
const notDecidedByFunctions: Readonly<Record<string, string>> = {
  'CON-1': 'API Gateway and the client: the functions send nothing unasked',
  'CON-8': 'the edge function in lib/ and the routes of API Gateway',
  'CON-10': 'API Gateway: a refused handshake is its HTTP status',
  'ERR-7': 'API Gateway closes the connection',
  'HEL-4': 'holds because no state of a connection refuses a frame',
};

const cited = new Set(
  ['lambda', 'protocol'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => readFileSync(path.join(root, folder, file), 'utf8').match(/\b[A-Z]{3}-\d+\b/g) ?? [])
      .filter((word) => groups.has(word.slice(0, 3))),
  ),
);

test('every rule is cited by the code that decides it, or is an exception with a reason', () => {
  expect(rules.length).toBeGreaterThan(50);
  expect(rules.filter((rule) => !cited.has(rule) && !(rule in notDecidedByFunctions))).toEqual([]);
});

test('every citation is a rule of the document', () => {
  expect([...cited].filter((rule) => !rules.includes(rule))).toEqual([]);
});

test('every exception is a rule of the document that no code cites', () => {
  const exceptions = Object.keys(notDecidedByFunctions);
  expect(exceptions.filter((rule) => cited.has(rule) || !rules.includes(rule))).toEqual([]);
});
