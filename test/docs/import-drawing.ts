/** The drawing of docs/architecture.md that shows which folders of the functions import which, from the imports themselves. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');
export const page = path.join(root, 'docs/architecture.md');

type Imports = ReadonlyMap<string, ReadonlySet<string>>;

interface Cruise {
  readonly modules: readonly {
    readonly source: string;
    readonly dependencies: readonly { readonly resolved: string }[];
  }[];
}

/** Folders of lambda/ with what they import directly. Throws when dependency-cruiser does. */
export function folderImports(): Imports {
  const cruiser = path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const options = [
    '--output-type',
    'json',
    '--include-only',
    '^lambda/[^/]+/',
    '--collapse',
    '^lambda/[^/]+',
  ];
  const config = ['--config', '.dependency-cruiser.cjs'];
  const output = execFileSync(process.execPath, [cruiser, ...config, ...options, 'lambda'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const { modules } = JSON.parse(output) as Cruise;
  const name = (folder: string): string => path.basename(folder);
  return new Map(
    modules.map(({ source, dependencies }) => [
      name(source),
      new Set(dependencies.map(({ resolved }) => name(resolved)).filter((to) => to !== name(source))),
    ]),
  );
}

/** What a folder imports, directly or through others. Ends on circles too. */
function reach(imports: Imports, from: string, seen = new Set<string>()): Set<string> {
  for (const to of imports.get(from) ?? []) {
    if (seen.has(to)) continue;
    seen.add(to);
    reach(imports, to, seen);
  }
  return seen;
}

export function circlesIn(imports: Imports): readonly string[] {
  return [...imports.keys()].filter((folder) => reach(imports, folder).has(folder));
}

/** A Mermaid flow chart from top to bottom. An arrow is left out when others lead to the same folder. */
export function drawingOf(imports: Imports): string {
  const arrows = [...imports].flatMap(([from, direct]) => {
    const implied = (to: string): boolean =>
      [...direct].some((other) => other !== to && reach(imports, other).has(to));
    return [...direct].filter((to) => !implied(to)).map((to) => `  ${from} --> ${to}`);
  });
  return ['```mermaid', 'flowchart TD', ...arrows.toSorted(), '```'].join('\n');
}

const start = '<!-- imports: written by npm run generate -->\n\n';
const end = '\n\n<!-- end of imports -->';

/** The page with the drawing between its marks. Throws where the page has none. */
export function withDrawing(text: string, drawing: string): string {
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error('docs/architecture.md has no place for the drawing of imports');
  return text.slice(0, from + start.length) + drawing + text.slice(to);
}

export function pageWithDrawing(): string {
  return withDrawing(readFileSync(page, 'utf8'), drawingOf(folderImports()));
}
