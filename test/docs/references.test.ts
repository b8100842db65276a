/**
 * What the documents refer to exists: source files that they name, pages and headings that they link to, and the names of
 * log events in the runbook. A file that is renamed without its documents fails here.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');
const notOurs = ['node_modules', '.git', '.local', 'cdk.out', 'coverage'];
const files = readdirSync(root)
  .filter((name) => !notOurs.includes(name))
  .flatMap((name) => filesBelow(name));

/** Paths relative to the repository. */
function filesBelow(name: string): string[] {
  if (!statSync(path.join(root, name)).isDirectory()) return [name];
  return readdirSync(path.join(root, name))
    .filter((child) => !notOurs.includes(child))
    .flatMap((child) => filesBelow(`${name}/${child}`));
}

/** The API reference is generated, with links of its own form. */
const pages = files.filter((file) => /^([A-Z]+|docs\/.*)\.md$/.test(file));
/** Copies of other files, made by tools. */
const isGenerated = (file: string): boolean => /(^|\/)dist\/|CHANGELOG/.test(file);
const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** The reader makes this one. */
const ofReader = 'talk.mjs';

/** A name such as `log/claim.ts` is a file when a path of the repository ends with it. `NAME` is a place for a name. */
function isFile(name: string): boolean {
  if (name === ofReader || name.includes('NAME')) return true;
  return files.some((file) => file === name || file.endsWith(`/${name}`));
}

/** The anchor that GitHub gives to a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replace(/ /g, '-');
}

function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

/** Links of `page` to files of the repository that lack their file or heading. */
function brokenLinks(page: string): string[] {
  const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? page : path.join(path.dirname(page), file);
    const exists = files.some((name) => name === target || name.startsWith(`${target.replace(/\/$/, '')}/`));
    return !exists || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
}

test('there are pages to check', () => {
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'CHANGELOG.md', 'docs/architecture.md']));
});

test.each(pages)('%s names source files that exist', (page) => {
  const names = [...textOf(page).matchAll(/`([\w./-]+\.(?:ts|mjs|cjs|py))`/g)].map(([, name = '']) => name);
  expect(names.filter((name) => !isFile(name))).toEqual([]);
});

test.each(pages)('%s links to pages and headings that exist', (page) => {
  expect(brokenLinks(page)).toEqual([]);
});

test.each(['cli', 'clients/javascript', 'clients/python', 'lib/package'])(
  'the README of the package %s links to nothing that its page in the registry does not have',
  (folder) => {
    const links = [...textOf(`${folder}/README.md`).matchAll(/\]\(([^)\s]+)\)/g)].map(
      ([, link = '']) => link,
    );
    expect(links.filter((link) => !/^(https?:|#)/.test(link))).toEqual([]);
  },
);

const { scripts } = JSON.parse(textOf('package.json')) as { readonly scripts: Record<string, string> };
const suites = JSON.parse(textOf('test/suites.json')) as Record<string, readonly string[]>;

test('npm scripts and suites that documents, comments and CI name exist', () => {
  const texts = files.filter(
    (file) => /\.(?:md|ts|mjs|py|yml)$|^\.ci\/run$/.test(file) && !isGenerated(file),
  );
  const named = (pattern: RegExp) =>
    texts.flatMap((file) => [...textOf(file).matchAll(pattern)].map(([, name = '']) => ({ file, name })));
  const unknown = [
    ...named(/npm run (?:--silent )?([a-z][\w:-]*)/g).filter(({ name }) => !(name in scripts)),
    ...named(/npm run (?:--silent )?suite ([a-z][\w:-]*)/g).filter(({ name }) => !(name in suites)),
  ];
  expect(unknown).toEqual([]);
});

test('docs/testing.md lists each suite, and there are at most twenty scripts', () => {
  const [, table = ''] = textOf('docs/testing.md').split('## Suites');
  const listed = [...table.matchAll(/`([a-z][\w:-]*)`(?=[^|]*\|[^|]*\|$)/gm)].map(([, name]) => name);
  expect(listed.sort()).toEqual(Object.keys(suites).sort());
  expect(Object.keys(scripts).length).toBeLessThanOrEqual(20);
});

test('log events in the runbook are written by a function', () => {
  const code = files
    .filter((file) => /^lambda\/.*\.ts$/.test(file))
    .map(textOf)
    .join('\n');
  const places = [...textOf('docs/runbook.md').matchAll(/\w+ log: ((?:`\w+`(?:, | or | and )?)+)/g)];
  const events = places.flatMap(([, names = '']) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(events.length).toBeGreaterThan(15);
  expect(events.filter((event) => !code.includes(`'${event}'`))).toEqual([]);
});
