/** What caches of the checkout drop: an entry that was made more than a day ago. */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

const keptMs = 24 * 3_600_000;

export function removeOldEntries(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const entry = path.join(folder, name);
    if (Date.now() - statSync(entry).mtimeMs > keptMs) rmSync(entry, { recursive: true, force: true });
  }
}
