/**
 * The repository uses the words of its glossary: none of the listed identifiers and phrases appears in source or
 * documents. `exceptions` in plain-words.json lists the files that are not clean yet.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as ts from 'typescript';
import list from './plain-words.json';

const root = path.join(__dirname, '../..');
const identifiers = new Set(list.identifiers);
const patterns = list.identifierPatterns.map((pattern) => new RegExp(pattern));
const phrases = list.phrases.map((phrase) => ({
  phrase,
  pattern: new RegExp(`\\b${phrase.replaceAll(' ', '[\\s*/#]+')}\\b`, 'i'),
}));

/** Whole identifiers in code, whole phrases in all text: comments, messages and documents. */
function findings(file: string, text: string): string[] {
  const names = /\.(ts|mjs|cjs|js)$/.test(file)
    ? identifiersIn(text)
    : [...text.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
  const isListed = (name: string) => identifiers.has(name) || patterns.some((pattern) => pattern.test(name));
  return [
    ...new Set(names.filter(isListed)),
    ...phrases.filter(({ pattern }) => pattern.test(text)).map(({ phrase }) => phrase),
  ];
}

function identifiersIn(text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest));
  return found;
}

/** Files with findings. The changelog is history, and this file has the words as examples. */
function report(): Map<string, string[]> {
  const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter(
      (file) =>
        /\.(ts|mjs|cjs|js|py|md)$/.test(file) &&
        !['CHANGELOG.md', 'test/docs/plain-words.test.ts'].includes(file),
    );
  return new Map(
    files
      .map((file): [string, string[]] => [file, findings(file, readFileSync(path.join(root, file), 'utf8'))])
      .filter(([, found]) => found.length > 0),
  );
}

const unclean = report();
const isExcepted = (file: string) => list.exceptions.some((each) => file === each || file.startsWith(each));

test('no file outside the exceptions uses a listed word', () => {
  expect(Object.fromEntries([...unclean].filter(([file]) => !isExcepted(file)))).toEqual({});
});

test('every exception still needs to be one', () => {
  expect(
    list.exceptions.filter((each) => ![...unclean.keys()].some((file) => file.startsWith(each))),
  ).toEqual([]);
});

test.each([
  ['a.ts', 'const mostRows = 1;', ['mostRows']],
  ['a.ts', '/** Whoever\n * is told of it. */', ['whoever', 'is told']],
  ['a.ts', 'const almostRows = 1; // outlines', []],
  ['a.md', 'The option `lanes`, and two lanes of a road', ['lanes']],
])('finds the listed words of %s: %s', (file, text, expected) => {
  expect(findings(file, text)).toEqual(expected);
});
