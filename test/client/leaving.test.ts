/** Readers that leave while others stay or come back, and the end of the client. */
import { type Cursor, MemoryCursor, type Message, type PubSub } from '../../clients/javascript/index';
import type { Cancel, Timers } from '../../clients/javascript/shared/timers';
import { FakeBus } from '../helpers/fake-bus';

/** The next message of a loop of its own, which it leaves. */
async function takeOne(messages: AsyncIterable<Message>): Promise<unknown> {
  for await (const { content } of messages) return content;
  return undefined;
}

test('a message that a loop was left with is handled: the cursor goes on behind it', async () => {
  const bus = new FakeBus();
  const cursor = new MemoryCursor();
  const client = await bus.connected('me', { cursor });
  const send = (content: number) => bus.server.accept({ id: `d${content}`, to: 'me', content }, 'bob');
  const first = takeOne(client.inbox);
  await bus.timers.advance(10);
  send(1);
  expect(await bus.during(first)).toBe(1);
  const heard: unknown[] = [];
  await bus.during(client.inbox.subscribe(({ content }) => heard.push(content)));
  for (const content of [2, 3]) send(content);
  await bus.timers.advance(10);
  expect(heard).toEqual([2, 3]);
  expect(cursor.load('$inbox')).toMatchObject({ sequence: 3 });
});

test('a loop that throws has handled its message, as a handler that throws has', async () => {
  const bus = new FakeBus();
  const cursor = new MemoryCursor();
  const client = await bus.connected('a', { cursor });
  await bus.during(client.channel('c').subscribe(() => undefined));
  const loop = (async () => {
    for await (const message of client.channel('c')) throw new Error(`at ${String(message.content)}`);
  })();
  await bus.timers.advance(10);
  bus.server.publish('c', 1);
  await expect(bus.during(loop)).rejects.toThrow('at 1');
  expect(cursor.load('c')).toMatchObject({ sequence: 1 });
});

test('two loops one after the other get each message once', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const first = takeOne(client.channel('c'));
  await bus.timers.advance(50);
  bus.server.publish('c', 1);
  expect(await bus.during(first)).toBe(1);
  bus.server.publish('c', 2);
  expect(await bus.during(takeOne(client.channel('c')))).toBe(2);
});

test('others go on at once when a reader that was full leaves', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const heard: unknown[] = [];
  await bus.during(client.channel('c').subscribe(({ content }) => heard.push(content)));
  const slow = await bus.during(client.channel('c').subscribe(() => new Promise(() => undefined)));
  for (let content = 1; content <= 1_500; content++) bus.server.publish('c', content);
  await bus.timers.advance(1_000);
  expect(heard.length).toBeLessThan(1_500);
  slow.unsubscribe();
  await bus.timers.advance(10);
  expect(heard).toEqual(Array.from({ length: 1_500 }, (_, index) => index + 1));
});

test.each(['a channel', 'the inbox'])(
  'a handler that takes another one away while both get a message does not hold the position: of %s',
  async (which) => {
    const bus = new FakeBus();
    const cursor = new MemoryCursor();
    const client = await bus.connected('a', { cursor });
    const log = which === 'the inbox' ? client.inbox : client.channel('c');
    await bus.during(
      log.subscribe(() => {
        second.unsubscribe();
      }),
    );
    const second = await bus.during(log.subscribe(() => undefined));
    for (const content of [1, 2])
      if (which === 'the inbox') bus.server.accept({ id: `d${content}`, to: 'a', content }, 'bob');
      else bus.server.publish('c', content);
    await bus.timers.advance(10);
    expect(cursor.load(log.name)).toMatchObject({ sequence: 2 });
  },
);

describe('close', () => {
  async function cutOff(bus: FakeBus): Promise<PubSub> {
    const client = await bus.connected('a', { backoff: { baseMs: 100 } });
    bus.server.cut(bus.socketOf('a'));
    await bus.timers.advance(1);
    expect(client.state).toBe('connecting');
    return client;
  }

  test('waits for what is not acknowledged also without a connection', async () => {
    const bus = new FakeBus();
    const client = await cutOff(bus);
    const receipt = client.channel('c').publish(1);
    await bus.during(client.close());
    await expect(receipt).resolves.toMatchObject({ sequence: 1 });
  });

  test('does not wait for longer than it says', async () => {
    const bus = new FakeBus();
    const client = await cutOff(bus);
    bus.server.refuse = 503;
    const receipt = expect(client.channel('c').publish(1)).rejects.toMatchObject({ code: 'closed' });
    await bus.during(client.close(), 5_100);
    await receipt;
  });

  test.each(['a channel that is read', 'a channel that was left'])(
    'waits for a save of the position that is under way: of %s',
    async (which) => {
      const bus = new FakeBus();
      let finish: (() => void) | undefined;
      const cursor = new MemoryCursor();
      const slow: Cursor = {
        load: (channelId) => cursor.load(channelId),
        save: (channelId, position) => {
          if (channelId !== 'c' || position.sequence === 0) return undefined;
          return new Promise((resolve) => {
            finish = () => {
              cursor.save(channelId, position);
              resolve();
            };
          });
        },
      };
      const client = await bus.connected('a', { cursor: slow });
      const subscription = await bus.during(client.channel('c').subscribe(() => undefined));
      bus.server.publish('c', 1);
      await bus.timers.advance(10);
      if (which === 'a channel that was left') subscription.unsubscribe();
      let isClosed = false;
      const closed = client.close().then(() => {
        isClosed = true;
      });
      await bus.timers.advance(1_000);
      expect(isClosed).toBe(false);
      finish?.();
      await bus.during(closed, 0);
      expect(cursor.load('c')).toMatchObject({ sequence: 1 });
    },
  );

  test('waits at most 5 s for a save that hangs', async () => {
    const bus = new FakeBus();
    const cursor: Cursor = { load: () => undefined, save: () => new Promise(() => undefined) };
    const client = await bus.connected('a', { cursor });
    await bus.during(client.channel('c').subscribe(() => undefined));
    await bus.during(client.close(), 5_100);
  });

  test('holds the process no longer than it takes', async () => {
    const bus = new FakeBus();
    const { holding, timers } = watched(bus);
    const client = bus.client('a', {}, timers);
    await bus.during(client.connect());
    void client.channel('c').publish(1);
    await bus.during(client.close());
    expect(holding.size).toBe(0);
  });

  test('lets go of the process that waits for a token: there was no socket yet that held it', async () => {
    const bus = new FakeBus();
    const { holding, timers } = watched(bus);
    const client = bus.client('a', { token: () => new Promise(() => undefined) }, timers);
    void client.connect().catch(() => undefined);
    await bus.timers.advance(29_000);
    expect(holding.size).toBe(1);
    await bus.during(client.close());
    expect(holding.size).toBe(0);
  });
});

/** The time of the bus, and the timers that hold a process. */
function watched({ timers }: FakeBus): { holding: ReadonlySet<object>; timers: Timers } {
  const holding = new Set<object>();
  const after = (delayMs: number, run: () => void, keepsAlive = false): Cancel => {
    const hold = {};
    if (keepsAlive) holding.add(hold);
    const cancel = timers.after(delayMs, () => {
      holding.delete(hold);
      run();
    });
    return () => {
      holding.delete(hold);
      cancel();
    };
  };
  return {
    holding,
    timers: { now: () => timers.now(), date: () => timers.date(), random: () => timers.random(), after },
  };
}
