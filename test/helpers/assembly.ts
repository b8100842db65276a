/**
 * The synthesized app that the tests run: the real `cdk synth`, done once per state of the sources and settings.
 * `ASSEMBLY` names another one; a `cdk.out` that is newer than every source is taken as it is.
 */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AssemblyCache, sources } from '../../bin/synthesis/assembly-cache';
import { synthesize } from '../../bin/synthesis/synthesize';
import { sourceFiles } from '../../lib/functions/source-files';
import { parseSettings } from '../../lib/settings/config';

const root = path.resolve(__dirname, '../..');

/** Folder of the assembly with the settings, which stand for a whole settings file. */
export async function assemblyFor(settings: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const isDefault = Object.keys(settings).length === 0;
  if (isDefault && process.env.ASSEMBLY) return path.resolve(process.env.ASSEMBLY);
  if (isDefault && isFresh(path.join(root, 'cdk.out/manifest.json'))) return path.join(root, 'cdk.out');

  const cache = AssemblyCache.for(parseSettings(settings));
  return cache.folder ?? (await make(cache, settings));
}

/** A settings file of the checkout would make it another app than the one that the tests expect. */
function isFresh(manifest: string): boolean {
  if (existsSync(path.join(root, 'artcafe.config.json')) || !existsSync(manifest)) return false;
  const made = statSync(manifest).mtimeMs;
  return sourceFiles(sources).every((file) => statSync(file).mtimeMs < made);
}

async function make(cache: AssemblyCache, settings: object): Promise<string> {
  const draft = mkdtempSync(path.join(tmpdir(), 'artcafe-assembly-'));
  const output = path.join(draft, 'out');
  const settingsFile = path.join(draft, 'settings.json');
  try {
    writeFileSync(settingsFile, JSON.stringify(settings));
    await synthesize(output, settingsFile);
    return cache.keep(output);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
