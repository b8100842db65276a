/**
 * The synthesized app that the tests run: the real `cdk synth`, done once per state of the sources and settings.
 * `ASSEMBLY` names another one; a `cdk.out` that is newer than every source is taken as it is.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { synthesize } from '../../bin/synthesize';

const root = path.resolve(__dirname, '../..');
const sources = ['bin', 'lib', 'lambda', 'protocol', 'cdk.json', 'package-lock.json'];
const cacheFolder = path.join(root, 'node_modules/.cache/artcafe-pubsub');
const cacheMs = 24 * 3_600_000;

/** Folder of the assembly with the settings, which stand for a whole settings file. */
export async function assemblyFor(settings: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const files = sources.flatMap((name) => filesIn(path.join(root, name)));
  const isDefault = Object.keys(settings).length === 0;
  if (isDefault && process.env.ASSEMBLY) return path.resolve(process.env.ASSEMBLY);
  if (isDefault && isFresh(path.join(root, 'cdk.out/manifest.json'), files))
    return path.join(root, 'cdk.out');

  const folder = path.join(cacheFolder, digestOf(files, settings));
  if (!existsSync(folder)) await make(folder, settings);
  return folder;
}

/** A settings file of the checkout would make it another app than the one that the tests expect. */
function isFresh(manifest: string, files: readonly string[]): boolean {
  if (existsSync(path.join(root, 'artcafe.config.json')) || !existsSync(manifest)) return false;
  const made = statSync(manifest).mtimeMs;
  return files.every((file) => statSync(file).mtimeMs < made);
}

/** Made aside and then renamed: several test processes may want the same assembly at the same time. */
async function make(folder: string, settings: object): Promise<void> {
  removeOldEntries();
  const draft = `${folder}.${process.pid}`;
  const output = path.join(draft, 'out');
  const settingsFile = path.join(draft, 'settings.json');
  mkdirSync(draft, { recursive: true });
  try {
    writeFileSync(settingsFile, JSON.stringify(settings));
    await synthesize(output, settingsFile);
    renameSync(output, folder);
  } catch (error) {
    // Another process may have been first, with the same content.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function removeOldEntries(): void {
  if (!existsSync(cacheFolder)) return;
  for (const name of readdirSync(cacheFolder)) {
    const entry = path.join(cacheFolder, name);
    if (Date.now() - statSync(entry).mtimeMs > cacheMs) rmSync(entry, { recursive: true, force: true });
  }
}

function digestOf(files: readonly string[], settings: object): string {
  const hash = createHash('sha256').update(JSON.stringify(settings));
  for (const file of files) hash.update(path.relative(root, file)).update('\0').update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

function filesIn(entry: string): string[] {
  if (!statSync(entry).isDirectory()) return [entry];
  return readdirSync(entry)
    .sort()
    .flatMap((name) => filesIn(path.join(entry, name)));
}
