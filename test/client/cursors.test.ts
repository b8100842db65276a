/**
 * Positions that are kept, and what may happen to them: power cuts, full disks, blocked storages, other programs.
 */
import fs, { type FileHandle } from 'node:fs/promises';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileCursor } from '../../clients/javascript/cursors/file';
import { LocalStorageCursor, type StorageLike } from '../../clients/javascript/cursors/local-storage';
import { type Cursor, type Gap, PubSub } from '../../clients/javascript/index';
import { systemTimers } from '../../clients/javascript/shared/timers';
import { eventually } from '../helpers/eventually';
import { FakeServer } from '../helpers/fake-server';
import { settled } from '../helpers/fake-timers';

const position = (sequence: number) => ({ epoch: 'epoch-of-c', sequence });
const damages = [
  ['empty', ''],
  ['cut off', '{"channel_id":"c","epo'],
  ['zeros', '\0'.repeat(60)],
  ['of another shape', '{"epoch":1,"sequence":"2"}'],
  ['a negative sequence', '{"epoch":"e","sequence":-1}'],
  ['an empty epoch', '{"epoch":"","sequence":1}'],
  ['null', 'null'],
] as const;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'artcafe-positions-'));
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const files = (): string[] => readdirSync(folder);
const spoil = (text: string): void => {
  for (const file of files()) writeFileSync(path.join(folder, file), text);
};

/** A reader with the cursor, on a service in memory, and everything that it was told. */
async function reader(server: FakeServer, cursor: Cursor) {
  const gaps: Gap[] = [];
  const errors: unknown[] = [];
  const heard: unknown[] = [];
  const { WebSocket } = server;
  const bus = new PubSub({ url: 'wss://bus', token: () => 'reader', WebSocket, cursor });
  bus.on('gap', (gap) => gaps.push(gap));
  bus.on('error', (error) => errors.push(error));
  await bus.connect();
  await bus.channel('c').subscribe(({ content }) => heard.push(content));
  const hears = (count: number): Promise<unknown> =>
    eventually(
      () => heard,
      ({ length }) => length >= count,
    );
  return { bus, gaps, errors, heard, hears };
}

async function saved(cursor: Cursor, sequence: number): Promise<void> {
  await eventually(
    async () => (await cursor.load('c'))?.sequence,
    (found) => found === sequence,
  );
}

/** A load waits for the save before it; after that one, the writer may begin one more. */
async function written(cursor: Cursor): Promise<void> {
  for (const channelId of ['c', '$inbox', 'c', '$inbox']) {
    await cursor.load(channelId);
    await settled();
  }
}

/** Reads 1, misses 2, finds its position spoilt, and hears 3. */
async function restart(cursor: Cursor, hurt: () => void) {
  const server = new FakeServer(systemTimers);
  const first = await reader(server, cursor);
  server.publish('c', 1);
  await saved(cursor, 1);
  await first.bus.close();
  await written(cursor);
  server.publish('c', 2);
  hurt();
  const second = await reader(server, cursor);
  server.publish('c', 3);
  await eventually(
    () => second.heard,
    (heard) => heard.at(-1) === 3,
  );
  await second.bus.close();
  await written(cursor);
  return second;
}

describe('FileCursor', () => {
  test('goes on where it was', async () => {
    const { heard, gaps, errors } = await restart(new FileCursor(folder), () => undefined);
    expect({ heard, gaps, errors }).toEqual({ heard: [2, 3], gaps: [], errors: [] });
  });

  test.each(damages)('a file that is damaged (%s) is set aside, and told as one gap', async (_, text) => {
    const { heard, gaps, errors } = await restart(new FileCursor(folder), () => {
      spoil(text);
    });
    expect({ heard, errors }).toEqual({ heard: [3], errors: [] });
    const ofChannel = gaps.filter(({ channelId }) => channelId === 'c');
    expect(ofChannel).toEqual([
      {
        channelId: 'c',
        reason: 'position_lost',
        from: undefined,
        to: undefined,
        after: undefined,
        head: position(2),
      },
    ]);
    const aside = files().filter((name) => name.endsWith('.damaged'));
    expect(aside.length).toBe(gaps.length);
    for (const name of aside) expect(readFileSync(path.join(folder, name), 'utf8')).toBe(text);
  });

  test('after that, the position is that of what came since', async () => {
    const cursor = new FileCursor(folder);
    await restart(cursor, () => {
      spoil('');
    });
    await saved(cursor, 3);
    await expect(cursor.load('c')).resolves.toEqual(position(3));
  });

  test('the file of another channel is damaged', async () => {
    const cursor = new FileCursor(folder);
    await cursor.save('a', position(1));
    const [name = ''] = files();
    const text = readFileSync(path.join(folder, name), 'utf8');
    await cursor.save('b', position(2));
    spoil(text);
    await expect(cursor.load('b')).rejects.toMatchObject({ code: 'position_lost' });
    await expect(cursor.load('a')).resolves.toEqual(position(1));
  });

  test('names that a file system would confuse or refuse have positions of their own', async () => {
    const names = ['a', 'A', 'CON', 'nul', 'aux.txt', 'a:b', '.', '..', 'a.', '$inbox', 'x'.repeat(128)];
    const cursor = new FileCursor(folder);
    await Promise.all(names.map((name, index) => cursor.save(name, position(index))));
    const again = new FileCursor(folder);
    const found = await Promise.all(names.map((name) => again.load(name)));
    expect(found).toEqual(names.map((_, index) => position(index)));
    for (const name of files()) expect(name).toMatch(/^[0-9a-f]{32}\.json$/);
    expect(new Set(files().map((name) => name.toLowerCase())).size).toBe(names.length);
  });

  test('of saves at once, also through two cursors, the last one stays, and nothing else', async () => {
    const cursors = [new FileCursor(folder), new FileCursor(folder)];
    await Promise.all(
      Array.from({ length: 40 }, (_, index) => cursors[index % 2]!.save('c', position(index))),
    );
    await expect(new FileCursor(folder).load('c')).resolves.toEqual(position(39));
    expect(files()).toHaveLength(1);
  });

  test('a load waits for the save before it', async () => {
    const cursor = new FileCursor(folder);
    const saving = cursor.save('c', position(7));
    await expect(cursor.load('c')).resolves.toEqual(position(7));
    await saving;
  });

  test('the position is on the disk before it takes the place of the old one', async () => {
    const steps: string[] = [];
    const handle = await fs.open(folder, 'r');
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its handle below
    const { sync } = prototype;
    jest.spyOn(prototype, 'sync').mockImplementation(function (this: FileHandle) {
      steps.push('sync');
      return sync.call(this);
    });
    const { rename } = fs;
    jest.spyOn(fs, 'rename').mockImplementation((from, to) => {
      steps.push('rename');
      return rename(from, to);
    });
    await new FileCursor(folder).save('c', position(1));
    expect(steps).toEqual(['sync', 'rename', 'sync']);
  });

  test('a save that fails leaves the old position, and no rubbish', async () => {
    const cursor = new FileCursor(folder);
    await cursor.save('c', position(1));
    jest.spyOn(fs, 'rename').mockRejectedValueOnce(Object.assign(new Error('disk full'), { code: 'ENOSPC' }));
    await expect(cursor.save('c', position(2))).rejects.toMatchObject({ code: 'ENOSPC' });
    await expect(cursor.load('c')).resolves.toEqual(position(1));
    expect(files()).toHaveLength(1);
    await cursor.save('c', position(3));
    await expect(cursor.load('c')).resolves.toEqual(position(3));
  });

  test('a folder that is deleted at run time is made again', async () => {
    const cursor = new FileCursor(path.join(folder, 'deep/er'));
    await cursor.save('c', position(1));
    rmSync(path.join(folder, 'deep'), { recursive: true });
    await expect(cursor.load('c')).resolves.toBeUndefined();
    await cursor.save('c', position(2));
    await expect(cursor.load('c')).resolves.toEqual(position(2));
  });

  test('a folder that can be neither read nor written is told, and messages come all the same', async () => {
    const file = path.join(folder, 'no-folder');
    writeFileSync(file, 'a file');
    const server = new FakeServer(systemTimers);
    const { bus, gaps, errors, heard, hears } = await reader(server, new FileCursor(file));
    for (const content of [1, 2, 3]) {
      server.publish('c', content);
      await hears(content);
    }
    await bus.close();
    expect(heard).toEqual([1, 2, 3]);
    expect(gaps.map(({ reason }) => reason)).toEqual(['position_lost', 'position_lost']);
    expect(errors).not.toEqual([]);
    for (const error of errors)
      expect(error).toMatchObject({ code: expect.stringMatching(/ENOTDIR|EEXIST/) });
    // Of each of the two channels: one from reading, one from writing.
    expect(errors.length).toBeLessThanOrEqual(4);
  });

  test('the folder stays the same when the process changes its own', async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      const cursor = new FileCursor('positions');
      mkdirSync('elsewhere');
      process.chdir('elsewhere');
      await cursor.save('c', position(1));
      expect(files().sort()).toEqual(['elsewhere', 'positions']);
    } finally {
      process.chdir(before);
    }
  });
});

class Shelf implements StorageLike {
  readonly values = new Map<string, string>();
  isFull = false;

  getItem(key: string): string | null {
    return this.values.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (this.isFull) throw new DOMException('full', 'QuotaExceededError');
    this.values.set(key, value);
  }

  removeItem(key: string): void {
    this.values.delete(key);
  }
}

describe('LocalStorageCursor', () => {
  test.each([...damages, ['undefined', 'undefined']] as const)(
    'a value that is damaged (%s) is set aside, and told as one gap',
    async (_, text) => {
      const shelf = new Shelf();
      const { heard, gaps, errors } = await restart(new LocalStorageCursor('p', shelf), () => {
        for (const key of shelf.values.keys()) shelf.values.set(key, text);
      });
      expect({ heard, errors }).toEqual({ heard: [3], errors: [] });
      const ofChannel = gaps.filter(({ channelId }) => channelId === 'c');
      expect(ofChannel).toMatchObject([{ reason: 'position_lost', head: position(2) }]);
      expect(shelf.values.get('p/c/damaged')).toBe(text);
      expect(shelf.values.get('p/c')).toBe(JSON.stringify(position(3)));
    },
  );

  test('a full storage is told once, and messages come all the same', async () => {
    const shelf = new Shelf();
    const server = new FakeServer(systemTimers);
    const { bus, errors, heard, hears } = await reader(server, new LocalStorageCursor('p', shelf));
    server.publish('c', 1);
    await eventually(
      () => shelf.values.get('p/c'),
      (text) => text === JSON.stringify(position(1)),
    );
    shelf.isFull = true;
    for (const content of [2, 3, 4]) {
      server.publish('c', content);
      await hears(content);
    }
    expect(heard).toEqual([1, 2, 3, 4]);
    expect(errors).toMatchObject([{ name: 'QuotaExceededError' }]);
    shelf.isFull = false;
    server.publish('c', 5);
    await eventually(
      () => shelf.values.get('p/c'),
      (text) => text === JSON.stringify(position(5)),
    );
    await bus.close();
  });

  test.each([
    [
      'throws',
      {
        get: () => {
          throw new DOMException('denied', 'SecurityError');
        },
      },
    ],
    ['is null', { value: null }],
    ['is missing', { value: undefined }],
  ])('where localStorage %s, the client works, and says so', async (_, descriptor) => {
    const before = Object.getOwnPropertyDescriptor(globalThis, 'localStorage');
    Object.defineProperty(globalThis, 'localStorage', { configurable: true, ...descriptor });
    try {
      const server = new FakeServer(systemTimers);
      const { bus, gaps, errors, heard, hears } = await reader(server, new LocalStorageCursor());
      server.publish('c', 1);
      await hears(1);
      await bus.close();
      expect(heard).toEqual([1]);
      expect(gaps.map(({ channelId, reason }) => [channelId, reason]).sort()).toEqual([
        ['$inbox', 'position_lost'],
        ['c', 'position_lost'],
      ]);
      expect(errors.length).toBeGreaterThan(0);
      expect(errors.length).toBeLessThanOrEqual(2);
    } finally {
      Reflect.deleteProperty(globalThis, 'localStorage');
      if (before !== undefined) Object.defineProperty(globalThis, 'localStorage', before);
    }
  });

  test('a storage that takes nothing more keeps the damaged value out of the way', () => {
    const shelf = new Shelf();
    shelf.setItem('p/c', 'rubbish');
    shelf.isFull = true;
    const cursor = new LocalStorageCursor('p', shelf);
    expect(() => cursor.load('c')).toThrow(expect.objectContaining({ code: 'position_lost' }) as Error);
    expect(cursor.load('c')).toBeUndefined();
  });
});

describe('a cursor of one’s own', () => {
  const nothing = (): undefined => undefined;

  test.each<[string, Cursor['load']]>([
    ['gives no position', () => ({ epoch: '', sequence: -1 })],
    ['gives a text', () => 'rubbish' as never],
    [
      'throws',
      () => {
        throw new Error('no database');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no database'))],
    [
      'throws nothing',
      () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- a cursor of a careless user
        throw undefined;
      },
    ],
  ])('that %s makes a gap, and no connection fails for it', async (_, load) => {
    const server = new FakeServer(systemTimers);
    const { bus, gaps, heard, hears } = await reader(server, { load, save: nothing });
    server.publish('c', 1);
    await hears(1);
    await bus.close();
    expect(heard).toEqual([1]);
    expect(gaps.map(({ reason }) => reason)).toEqual(['position_lost', 'position_lost']);
  });

  test('its error reaches listeners that come after the constructor', async () => {
    const failure = new Error('no database');
    const load = (): never => {
      throw failure;
    };
    const { bus, errors } = await reader(new FakeServer(systemTimers), { load, save: nothing });
    expect(errors).toEqual([failure, failure]);
    await bus.close();
  });

  test('null is no position, and no gap', async () => {
    const { bus, gaps } = await reader(new FakeServer(systemTimers), {
      load: () => null as never,
      save: nothing,
    });
    expect(gaps).toEqual([]);
    await bus.close();
  });

  test.each([
    ['of another epoch', { epoch: 'other', sequence: 1 }, 'epoch_changed'],
    ['ahead of the log', position(99), undefined],
  ])('a position %s goes on with the log as it is', async (_, at, reason) => {
    const server = new FakeServer(systemTimers);
    server.publish('c', 1);
    const load = (channelId: string) => (channelId === 'c' ? at : undefined);
    const { bus, gaps, heard, hears } = await reader(server, { load, save: nothing });
    server.publish('c', 2);
    await hears(1);
    await bus.close();
    expect(heard).toEqual([2]);
    // Ahead: everything up to the head has been seen.
    expect(gaps.map((gap) => gap.reason)).toEqual(reason === undefined ? [] : [reason]);
  });
});
