/** A handler that leaves a channel and comes back goes on where it was, whatever the cursor could keep. */
import { LocalStorageCursor } from '../../clients/javascript/cursors/local-storage';
import { type Channel, type Cursor, MemoryCursor, type Position } from '../../clients/javascript/index';
import { FakeBus } from '../helpers/fake-bus';

/** Subscribes, and collects what the handler gets. */
async function hear(bus: FakeBus, channel: Channel) {
  const heard: unknown[] = [];
  const subscription = await bus.during(channel.subscribe(({ content }) => heard.push(content)));
  return { heard, subscription };
}

/** A handler that works on its first message until it is released. */
async function busy(bus: FakeBus, channel: Channel) {
  let release = (): void => undefined;
  const work = new Promise<void>((resolve) => {
    release = resolve;
  });
  const subscription = await bus.during(channel.subscribe(() => work));
  return { release, subscription };
}

test('a handler that comes back while a `hello` is under way gets what it has not had', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const first = await busy(bus, client.channel('c'));
  for (const content of [1, 2, 3]) bus.server.publish('c', content);
  await bus.timers.advance(10);
  bus.server.cut(bus.socketOf('a'));
  for (const content of [4, 5]) bus.server.publish('c', content);
  // The answer to the `hello` takes long.
  bus.server.faults = { ...bus.server.faults, delay: () => 50 };
  for (let waited = 0; bus.server.frames('hello').length < 2 && waited < 10_000; waited += 5)
    await bus.timers.advance(5);
  first.subscription.unsubscribe();
  const { heard } = await hear(bus, client.channel('c'));
  bus.server.publish('c', 6);
  await bus.timers.advance(1_000);
  expect(heard).toEqual([2, 3, 4, 5, 6]);
});

test('a storage that is full costs a handler that comes back nothing', async () => {
  const full = {
    getItem: () => null,
    setItem: () => {
      throw new Error('QuotaExceededError');
    },
  };
  const bus = new FakeBus();
  const client = bus.client('a', { cursor: new LocalStorageCursor('p', full) });
  client.on('error', () => undefined);
  const first = await hear(bus, client.channel('c'));
  bus.server.publish('c', 1);
  await bus.timers.advance(10);
  first.subscription.unsubscribe();
  for (const content of [2, 3]) bus.server.publish('c', content);
  const second = await hear(bus, client.channel('c'));
  bus.server.publish('c', 4);
  await bus.timers.advance(10);
  expect([...first.heard, ...second.heard]).toEqual([1, 2, 3, 4]);
});

test('a storage that is blocked is one gap of a channel, however often a handler comes back', async () => {
  const blocked = (): never => {
    throw new Error('SecurityError');
  };
  const bus = new FakeBus();
  const cursor = new LocalStorageCursor('p', { getItem: blocked, setItem: blocked });
  const client = bus.client('a', { cursor });
  const gaps: unknown[] = [];
  client.on('gap', ({ channelId }) => channelId === 'c' && gaps.push(channelId));
  client.on('error', () => undefined);
  const all: unknown[] = [];
  for (const round of [1, 2, 3]) {
    const { heard, subscription } = await hear(bus, client.channel('c'));
    bus.server.publish('c', `read ${round}`);
    await bus.timers.advance(10);
    subscription.unsubscribe();
    bus.server.publish('c', `missed ${round}`);
    await bus.timers.advance(10);
    all.push(...heard);
  }
  expect(all).toEqual(['read 1', 'missed 1', 'read 2', 'missed 2', 'read 3']);
  expect(gaps).toEqual(['c']);
});

test('a position that is lost is told by the first answer, also when an earlier subscribe got none', async () => {
  const kept = new Map([['p/c', '{"epoch":"epoch-of-c","sequ']]);
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  const bus = new FakeBus();
  bus.server.publish('c', 1);
  const client = bus.client('a', { cursor: new LocalStorageCursor('p', storage) });
  const gaps: unknown[] = [];
  client.on('gap', ({ channelId, reason }) => gaps.push([channelId, reason]));
  client.on('retrying', () => undefined);
  bus.server.refuse = 503;
  const first = client.channel('c').subscribe(() => undefined);
  await expect(bus.during(first, 61_000)).rejects.toMatchObject({ code: 'timeout' });
  bus.server.refuse = undefined;
  await hear(bus, client.channel('c'));
  expect(gaps).toEqual([['c', 'position_lost']]);
});

test('the work of a handler that has left holds the position, and does not take it back', async () => {
  const bus = new FakeBus();
  const cursor = new MemoryCursor();
  const client = await bus.connected('a', { cursor });
  const first = await busy(bus, client.channel('c'));
  bus.server.publish('c', 1);
  await bus.timers.advance(10);
  first.subscription.unsubscribe();
  const { heard } = await hear(bus, client.channel('c'));
  for (const content of [2, 3]) bus.server.publish('c', content);
  await bus.timers.advance(10);
  expect(heard).toEqual([2, 3]);
  expect(cursor.load('c')).toMatchObject({ sequence: 0 });
  first.release();
  await bus.timers.advance(10);
  expect(cursor.load('c')).toMatchObject({ sequence: 3 });
});

test('saves of one channel come one after the other, also when its handler leaves and comes back', async () => {
  const bus = new FakeBus();
  const kept = new Map<string, Position>();
  let [saving, most] = [0, 0];
  const cursor: Cursor = {
    load: (channelId) => kept.get(channelId),
    save: async (channelId, position) => {
      if (channelId !== 'c') return;
      saving += 1;
      most = Math.max(most, saving);
      await new Promise<void>((resolve) => bus.timers.after(position.sequence === 2 ? 300 : 100, resolve));
      kept.set(channelId, position);
      saving -= 1;
    },
  };
  const client = await bus.connected('a', { cursor });
  const first = await hear(bus, client.channel('c'));
  bus.server.publish('c', 1);
  await bus.timers.advance(500);
  bus.server.publish('c', 2);
  await bus.timers.advance(50);
  first.subscription.unsubscribe();
  const second = await hear(bus, client.channel('c'));
  bus.server.publish('c', 3);
  await bus.timers.advance(1_000);
  expect(most).toBe(1);
  expect([...first.heard, ...second.heard]).toEqual([1, 2, 3]);
  expect(kept.get('c')).toMatchObject({ sequence: 3 });
});

test('handlers that each take one message and leave get each message once', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const takeOne = (): Promise<unknown> =>
    new Promise((resolve) => {
      const controller = new AbortController();
      const take = ({ content }: { readonly content: unknown }): void => {
        controller.abort();
        resolve(content);
      };
      void client.channel('c').subscribe(take, { signal: controller.signal });
    });
  const heard: unknown[] = [];
  const reading = (async () => {
    while (heard.length < 4) heard.push(await takeOne());
  })();
  await bus.timers.advance(100);
  for (const content of [1, 2, 3, 4]) {
    bus.server.publish('c', content);
    await bus.timers.advance(100);
  }
  await bus.during(reading);
  expect(heard).toEqual([1, 2, 3, 4]);
});

test('what the slower one of two handlers has not read is not saved at the end', async () => {
  const bus = new FakeBus();
  const cursor = new MemoryCursor();
  const client = await bus.connected('a', { cursor });
  const slow = await busy(bus, client.channel('c'));
  await hear(bus, client.channel('c'));
  for (const content of [1, 2, 3]) bus.server.publish('c', content);
  await bus.timers.advance(10);
  await bus.during(client.close());
  slow.release();
  await bus.timers.advance(10);
  expect(cursor.load('c')).toMatchObject({ sequence: 1 });
});
