/**
 * Positions in a folder, one small file per channel, so that an agent goes on where it was after a restart.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cursor, isPosition, type Position } from '../index';

/**
 * One process per folder.
 *
 * @example
 * const bus = new PubSub({ url, token, cursor: new FileCursor('.positions') });
 */
export class FileCursor implements Cursor {
  constructor(private readonly folder: string) {}

  async load(channelId: string): Promise<Position | undefined> {
    let text: string;
    try {
      text = await readFile(this.fileOf(channelId), 'utf8');
    } catch (error) {
      if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined;
      throw error;
    }
    const value: unknown = JSON.parse(text);
    if (!isPosition(value)) throw new Error(`${this.fileOf(channelId)} holds no position`);
    return { epoch: value.epoch, sequence: value.sequence };
  }

  async save(channelId: string, position: Position): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const file = this.fileOf(channelId);
    // Renamed into place, so that a crash leaves the old position or the new one.
    await writeFile(`${file}.new`, JSON.stringify({ channel_id: channelId, ...position }));
    await rename(`${file}.new`, file);
  }

  /** Names of channels that differ by case only are one file on some systems; their hashes are not. */
  private fileOf(channelId: string): string {
    return join(this.folder, `${createHash('sha256').update(channelId).digest('hex').slice(0, 32)}.json`);
  }
}
