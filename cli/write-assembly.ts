/** Synthesizes the stack for default settings into a folder of the package. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AssemblyCache } from '../bin/synthesis/assembly-cache';
import { synthesize } from '../bin/synthesis/synthesize';
import { parseSettings } from '../lib/settings/config';

async function main(target: string): Promise<void> {
  const cache = AssemblyCache.for(parseSettings({}));
  if (cache.folder !== undefined) {
    cpSync(cache.folder, target, { recursive: true });
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-assembly-'));
  try {
    // A settings file of its own, because the checkout may have one with other settings.
    const settings = path.join(folder, 'settings.json');
    writeFileSync(settings, '{}');
    await synthesize(target, settings);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('A folder is needed');
void main(target);
