/**
 * Positions in a folder, one small file per channel, so that an agent goes on where it was after a restart.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { threadId } from 'node:worker_threads';
import { type Cursor, isPosition, type Position, PubSubError } from '../index';

/** Saves of this process by file, each after the one before it. They never reject. */
const saves = new Map<string, Promise<void>>();

/**
 * One process per folder: of two, each overwrites the positions of the other. The folder is made when it is missing.
 *
 * A position is complete on the disk before it replaces the old one, so a crash or a power cut leaves one of the two. A
 * file that holds no position all the same gets the name `….damaged`, and the channel a gap with reason `position_lost`.
 *
 * @example
 * const bus = new PubSub({ url, token, cursor: new FileCursor('.positions') });
 */
export class FileCursor implements Cursor {
  readonly #folder: string;

  /** @param folder - relative to the current folder at the time of the call */
  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  /** Rejects with `position_lost` when the file is damaged, and with the system's error when it can't be read. */
  async load(channelId: string): Promise<Position | undefined> {
    const file = this.#fileOf(channelId);
    await saves.get(file);
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined;
      throw error;
    }
    const position = positionIn(text, channelId);
    if (position !== undefined) return position;
    // Where the folder can't be written to, it stays.
    await rename(file, `${file}.damaged`).catch(() => undefined);
    throw new PubSubError('position_lost', `${file} held no position of "${channelId}"; it is set aside`);
  }

  /** Rejects with the system's error, such as `ENOSPC`; the old position stays then. */
  async save(channelId: string, position: Position): Promise<void> {
    const file = this.#fileOf(channelId);
    const text = JSON.stringify({ channel_id: channelId, ...position });
    const saving = (saves.get(file) ?? Promise.resolve()).then(() => replace(file, text));
    const settled = saving.catch(() => undefined);
    saves.set(file, settled);
    await settled;
    if (saves.get(file) === settled) saves.delete(file);
    await saving;
  }

  /** Names of channels that differ by case only, or that a system reserves, are no names of files; their hashes are. */
  #fileOf(channelId: string): string {
    return join(this.#folder, `${createHash('sha256').update(channelId).digest('hex').slice(0, 32)}.json`);
  }
}

function positionIn(text: string, channelId: string): Position | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isPosition(value)) return undefined;
  const { epoch, sequence, channel_id = channelId } = value as Position & { readonly channel_id?: unknown };
  return channel_id === channelId ? { epoch, sequence } : undefined;
}

async function replace(file: string, text: string): Promise<void> {
  const folder = dirname(file);
  // A name of its own for each writer, and the same after a restart, so that crashes leave little behind.
  const fresh = `${file}.${process.pid}-${threadId}.new`;
  // Again each time: the folder may have been deleted.
  await mkdir(folder, { recursive: true });
  try {
    const handle = await open(fresh, 'w');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

/** So that the new name survives a power cut; not every system can do this. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // The file itself is on the disk.
  }
}
