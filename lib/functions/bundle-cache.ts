/**
 * Keeps the bundles of a checkout by the state of what they are made of: settings change the template, hardly ever a bundle, and
 * twelve bundles take longer than the rest of a synthesis.
 */
import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { type Bundle, bundleName, makeBundle, repository } from './bundling';
import { removeOldEntries } from './old-entries';
import { installedPackages, sourceFiles, stateOf } from './source-files';

/** What a bundle is made of. */
export const bundleSources = [
  'lambda',
  'protocol',
  'lib/functions/bundling.ts',
  'tsconfig.json',
  installedPackages,
];
const folder = path.join(repository, 'node_modules/.cache/artcafe-pubsub/bundles');

let state: string | undefined;

/** Writes `index.js` into the folder. */
export function writeBundle(bundle: Bundle, into: string): void {
  state ??= stateOf(sourceFiles(bundleSources));
  const kept = path.join(folder, state, `${bundleName(bundle)}.js`);
  if (!existsSync(kept)) {
    removeOldEntries(folder);
    mkdirSync(path.dirname(kept), { recursive: true });
    // Other processes may make the same one at the same time.
    const draft = `${kept}.${process.pid}`;
    makeBundle(bundle, draft);
    renameSync(draft, kept);
  }
  copyFileSync(kept, path.join(into, 'index.js'));
}
