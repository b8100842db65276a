/**
 * Bugs that the checker has to see: each is a mistake that a tired engineer could make, as an edit of the product's source.
 * A file in `test/faults/planted` for each; planted.ts says how it is written.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface PlantedBug {
  readonly name: string;
  readonly file: string;
  /** What is replaced by what; each text stands exactly once in the file. */
  readonly edits: readonly (readonly [from: string, to: string])[];
}

export const plantedFolder = path.join(__dirname, 'planted');

/** Throws when a file is not written as it should be. */
export function readBugs(folder: string): PlantedBug[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .sort()
    .map((file) => parseBug(file, readFileSync(path.join(folder, file), 'utf8')));
}

function parseBug(from: string, text: string): PlantedBug {
  const [head = '', ...parts] = text.split('--- replace\n');
  const [, name, file] = /^name: (.+)\nfile: (.+)\n$/.exec(head) ?? [];
  const edits = parts.map((part) => {
    const [, before, after] = /^([\s\S]+)\n--- by\n([\s\S]*)\n$/.exec(part) ?? [];
    return before === undefined || after === undefined ? undefined : ([before, after] as const);
  });
  const whole = edits.filter((edit) => edit !== undefined);
  if (name === undefined || file === undefined || whole.length === 0 || whole.length < edits.length)
    throw new Error(`${from} is not written as test/faults/planted.ts says`);
  return { name, file, edits: whole };
}

/** The source with the bug in it; `undefined` when a text does not stand in it exactly once. */
export function withBug(source: string, { edits }: PlantedBug): string | undefined {
  // All places are looked up in the source as it was: what an edit brings in is not the place of another.
  const places = edits.map(([from, to]) => ({ at: source.indexOf(from), from, to }));
  if (edits.some(([from]) => source.split(from).length !== 2)) return undefined;
  return places
    .sort((one, other) => other.at - one.at)
    .reduce((text, { at, from, to }) => text.slice(0, at) + to + text.slice(at + from.length), source);
}
