/**
 * Keeps what `cdk synth` has made, by the state of the sources and settings: a synthesis takes seconds, and most starts follow
 * no change.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Settings } from '../../lib/settings/config';
import { removeOldEntries } from '../../lib/functions/old-entries';
import { installedPackages, sourceFiles, stateOf } from '../../lib/functions/source-files';
import { repository } from '../command';

/** What an assembly is made of. */
export const sources = ['bin', 'lib', 'lambda', 'protocol', 'cdk.json', 'tsconfig.json', installedPackages];
const cacheFolder = path.join(repository, 'node_modules/.cache/artcafe-pubsub/assemblies');

export class AssemblyCache {
  private constructor(private readonly entry: string) {}

  static for(settings: Settings): AssemblyCache {
    const hash = createHash('sha256').update(JSON.stringify(settings));
    return new AssemblyCache(path.join(cacheFolder, stateOf(sourceFiles(sources), hash)));
  }

  /** The folder of the assembly; absent when nothing was kept for this state. */
  get folder(): string | undefined {
    return existsSync(this.entry) ? this.entry : undefined;
  }

  /** Copied aside and then renamed: other processes may want the same assembly at the same time. */
  keep(assembly: string): string {
    removeOldEntries(cacheFolder);
    const draft = `${this.entry}.${process.pid}`;
    try {
      cpSync(assembly, draft, { recursive: true });
      renameSync(draft, this.entry);
    } catch (error) {
      // Another process may have been first, with the same content.
      if (!existsSync(this.entry)) throw error;
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
    return this.entry;
  }
}
