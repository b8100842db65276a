/** Files of the checkout that something is made of, and their state. */
import { createHash, type Hash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { repository } from './bundling';

/** Written by each `npm ci` and `npm install`. A new lockfile whose packages are not installed yet makes nothing new. */
export const installedPackages = 'node_modules/.package-lock.json';

/** @param names files and folders of the checkout */
export function sourceFiles(names: readonly string[]): string[] {
  return names.flatMap((name) => filesIn(path.join(repository, name)));
}

/** Changes when the name or the content of a file does. */
export function stateOf(files: readonly string[], hash: Hash = createHash('sha256')): string {
  for (const file of files)
    hash.update(path.relative(repository, file)).update('\0').update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

function filesIn(entry: string): string[] {
  if (!statSync(entry).isDirectory()) return [entry];
  return readdirSync(entry)
    .sort()
    .flatMap((name) => filesIn(path.join(entry, name)));
}
