/**
 * The code that readers copy: fences of `js` and `ts` in pages, and `@example`s in the SDK's descriptions.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface CodeBlock {
  /** Relative to the repository, with the line on which the code begins. */
  readonly place: string;
  readonly language: 'js' | 'ts';
  readonly code: string;
}

const root = path.resolve(__dirname, '../..');
const sdk = 'clients/javascript';

export function blocksOfPage(page: string): CodeBlock[] {
  return blocksIn(readFileSync(path.join(root, page), 'utf8'), page);
}

/** `page` names the text. */
export function blocksIn(text: string, page: string): CodeBlock[] {
  return [...text.matchAll(/^```(js|ts)\n([\s\S]*?)^```$/gm)].map(({ 1: language, 2: code = '', index }) => ({
    place: `${page}:${lineAt(text, index) + 1}`,
    language: language === 'js' ? 'js' : 'ts',
    code,
  }));
}

/** Of every file of the SDK. */
export function examplesOfSdk(): CodeBlock[] {
  return readdirSync(path.join(root, sdk), { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(?!dist)([a-z]+\/)?[^/]+\.ts$/.test(name))
    .sort()
    .flatMap((name) => examplesIn(readFileSync(path.join(root, sdk, name), 'utf8'), `${sdk}/${name}`));
}

/** An example reaches to the next tag or to the end of its comment. */
function examplesIn(text: string, file: string): CodeBlock[] {
  return [...text.matchAll(/^ *\* @example\n((?: *\*(?!\/)(?! @).*\n)*)/gm)].map(
    ({ 1: lines = '', index }) => ({
      place: `${file}:${lineAt(text, index) + 1}`,
      language: 'ts',
      code: lines.replace(/^ *\* ?/gm, ''),
    }),
  );
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
