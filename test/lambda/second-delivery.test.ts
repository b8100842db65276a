/**
 * An event that the platform delivers twice, at once or seconds later, and a first attempt that comes after its own retry, are one
 * message. The platform's id of the event, `retry` and the id decide which it is; the content never does.
 */
import type { MessageRow } from '../../lambda/shared/stores/history-store';
import { createWorld } from './world';

type World = ReturnType<typeof createWorld>;
let world: World;

beforeEach(() => {
  world = createWorld();
});

const subject = 't/channel/c';
const message = (id: string, more: object = {}) => ({ id, content: `words of ${id}`, ...more });
const ids = (): string[] => world.history.rows(subject).map(({ id }) => id);
const acks = (connectionId: string) => world.sockets.of(connectionId).filter(({ type }) => type === 'ACK');
const received = (connectionId: string) =>
  world.sockets
    .of(connectionId)
    .filter(({ type }) => type === 'message')
    .map(({ id }) => id);
/** An event that reaches the platform now, as often as it is delivered. */
const event = (requestId = 'twice') => ({ requestId, sentAt: world.clock.time });

const stored = (sequence: number, more: Partial<MessageRow> = {}): MessageRow => ({
  sequence,
  epoch: 'e',
  nonce: `nonce-${String(sequence)}`,
  id: `id-${String(sequence)}`,
  agentId: 'other',
  isRetry: false,
  timestamp: world.clock.time,
  body: '{"content":1}',
  expiresAt: world.clock.time + 86_400_000,
  ...more,
});

describe('a second delivery', () => {
  test.each([0, 1, 50, 5_000, 60_000])(
    '%s ms later gets the first ACK again, and nobody the message',
    async (ms) => {
      const [alice] = [await world.open('a', { echo: false }), await world.open('b')];
      const twice = event();
      await world.send(alice, message('m'), twice);
      world.clock.time += ms;
      await world.send(alice, message('m'), twice);
      const [first, second] = acks('a');
      expect(second).toEqual({ ...first, status: 'duplicate' });
      expect(received('b')).toEqual(['m']);
      expect(ids()).toEqual(['m']);
    },
  );

  test('is known behind what others have published since, with one search', async () => {
    const [alice, bob] = [await world.open('a'), await world.open('b')];
    const twice = event();
    await world.send(alice, message('m'), twice);
    for (let n = 0; n < 120; n++) await world.send(bob, message(`n${String(n)}`), event(`n${String(n)}`));
    const search = jest.spyOn(world.history, 'newestFirst');
    world.clock.time += 20;
    await world.send(alice, message('m'), twice);
    expect(acks('a').map(({ status, sequence }) => [status, sequence])).toEqual([
      ['accepted', 1],
      ['duplicate', 1],
    ]);
    expect(search).toHaveBeenCalledTimes(1);
  });

  test('is known when it meets the first only with its put', async () => {
    const [alice, bob] = [await world.open('a'), await world.open('b')];
    const head = world.history.head.bind(world.history);
    jest.spyOn(world.history, 'head').mockImplementationOnce(async (key) => {
      const seen = await head(key);
      await world.send(alice, message('m'), twice);
      await world.send(bob, message('n'));
      return seen;
    });
    const twice = event();
    await world.send(alice, message('m'), twice);
    expect(ids()).toEqual(['n', 'm']);
    expect(acks('a').map(({ status }) => status)).toEqual(['accepted', 'duplicate']);
  });

  test('of a message without an id adds nothing', async () => {
    const alice = await world.open('a');
    const twice = event();
    for (let run = 0; run < 2; run++) await world.send(alice, { content: 1 }, twice);
    expect(ids()).toHaveLength(1);
    expect(received('a')).toHaveLength(1);
  });

  test('of a batch answers each frame with its own place, after one look at the log', async () => {
    const alice = await world.open('a');
    const twice = event();
    // Equal frames of one batch are messages of their own.
    const batch = [message('m'), message('m'), { id: 'bad' }, message('n')];
    await world.send(alice, batch, twice);
    const [head, search] = [jest.spyOn(world.history, 'head'), jest.spyOn(world.history, 'newestFirst')];
    await world.send(alice, batch, twice);
    expect(acks('a').map(({ message_id, status, sequence }) => [message_id, status, sequence])).toEqual([
      ['m', 'accepted', 1],
      ['m', 'accepted', 2],
      ['n', 'accepted', 3],
      ['m', 'duplicate', 1],
      ['m', 'duplicate', 2],
      ['n', 'duplicate', 3],
    ]);
    expect(received('a')).toEqual(['m', 'm', 'n']);
    expect([head.mock.calls.length, search.mock.calls.length]).toEqual([1, 1]);
  });

  test('of a batch that was cut off half way accepts the rest of it', async () => {
    const alice = await world.open('a');
    const twice = event();
    const batch = [message('m'), message('m', { retry: true }), message('m'), message('n')];
    // The first run has put the first frame, a retry of which is the second, and was killed.
    await world.send(alice, [message('m', { retry: true })], twice);
    await world.send(alice, batch, twice);
    expect(acks('a').map(({ message_id, status, sequence }) => [message_id, status, sequence])).toEqual([
      ['m', 'accepted', 1],
      ['m', 'duplicate', 1],
      ['m', 'duplicate', 1],
      ['m', 'accepted', 2],
      ['n', 'accepted', 3],
    ]);
  });

  test('side by side with the first, every frame of a batch is in the log once, at whatever pace', async () => {
    for (const paces of [[1], [3], [1, 2], [2, 1, 1], [5, 0, 2]]) {
      world = createWorld();
      const put = world.history.tryPut.bind(world.history);
      let puts = 0;
      world.history.tryPut = async (...args) => {
        const turns = paces[(puts += 1) % paces.length] ?? 0;
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
        return put(...args);
      };
      const alice = await world.open('a');
      const twice = event();
      const batch = Array.from({ length: 8 }, (_, n) => message(`m${String(n)}`));
      await Promise.all([world.send(alice, batch, twice), world.send(alice, batch, twice)]);
      expect(ids().reverse()).toEqual(batch.map(({ id }) => id));
      expect(received('a')).toHaveLength(8);
    }
  });

  test('is no second message of an agent that has another request of the platform', async () => {
    const alice = await world.open('a');
    for (const requestId of ['1', '1.0', '1.0.2', '2'])
      await world.send(alice, [message('m'), message('m')], event(requestId));
    expect(ids()).toHaveLength(8);
  });

  test('of an ephemeral message is not told', async () => {
    const alice = await world.open('a');
    const twice = event();
    for (let run = 0; run < 2; run++) await world.send(alice, message('m', { ephemeral: true }), twice);
    expect(received('a')).toEqual(['m', 'm']);
  });

  test('of a direct message notes it as missed only when nobody is there', async () => {
    const alice = await world.open('a');
    const bob = { agentId: 'bob', channelId: undefined };
    await world.open('b', bob);
    const twice = event();
    await world.send(alice, message('m', { to: 'bob' }), twice);
    await world.send(alice, message('m', { to: 'bob' }), twice);
    expect((await world.agents.getAgent('t', 'bob')).inboxMark).toBeUndefined();
    expect(received('b')).toEqual(['m']);

    await world.agents.removeConnection('t', 'bob', 'b');
    await world.send(alice, message('m', { to: 'bob' }), twice);
    expect((await world.agents.getAgent('t', 'bob')).inboxMark).toMatchObject({ from: 1 });
    expect(acks('a').map(({ status, sequence }) => [status, sequence])).toEqual([
      ['accepted', 1],
      ['duplicate', 1],
      ['duplicate', 1],
    ]);
  });
});

describe('a first attempt that comes after its own retry', () => {
  const retry = message('m', { retry: true });

  test('becomes its duplicate', async () => {
    const alice = await world.open('a');
    const late = event('late');
    world.clock.time += 400;
    await world.send(alice, retry);
    await world.send(alice, message('m', { content: 'other words' }), late);
    expect(ids()).toEqual(['m']);
    expect(acks('a').map(({ status, sequence }) => [status, sequence])).toEqual([
      ['accepted', 1],
      ['duplicate', 1],
    ]);
  });

  test('also when others have published behind the retry', async () => {
    const [alice, bob] = [await world.open('a'), await world.open('b')];
    const late = event('late');
    world.clock.time += 400;
    await world.send(alice, retry);
    await world.send(bob, [message('m'), message('n')]);
    await world.send(alice, message('m'), late);
    expect(world.history.rows(subject).map(({ id, agentId }) => `${agentId} ${id}`)).toEqual([
      'agent-of-b n',
      'agent-of-b m',
      'agent-of-a m',
    ]);
  });

  test('also in a batch of which only the last message was sent again, before it or while it ran', async () => {
    const alice = await world.open('a');
    const late = event('late');
    world.clock.time += 400;
    await world.send(alice, retry);
    await world.send(alice, [message('l'), message('m')], late);
    expect(ids()).toEqual(['l', 'm']);

    const put = world.history.tryPut.bind(world.history);
    jest.spyOn(world.history, 'tryPut').mockImplementationOnce(async (...args) => {
      await world.send(alice, message('p', { retry: true }));
      return put(...args);
    });
    await world.send(alice, [message('o'), message('p')]);
    expect(ids()).toEqual(['o', 'p', 'l', 'm']);
  });

  test('also when the search comes in pages of one row', async () => {
    const [alice, bob] = [await world.open('a'), await world.open('b')];
    const newestFirst = world.history.newestFirst.bind(world.history);
    world.history.newestFirst = async function* (...args) {
      for await (const page of newestFirst(...args)) for (const row of page) yield [row];
    };
    const late = event('late');
    world.clock.time += 400;
    await world.send(alice, retry);
    await world.send(bob, message('n'));
    await world.send(alice, message('m'), late);
    expect(ids()).toEqual(['n', 'm']);
  });

  test('is none that was sent after the retry, or whose equal was no retry', async () => {
    const alice = await world.open('a');
    await world.send(alice, message('m'));
    await world.send(alice, message('m'), event());
    world.clock.time += 1;
    await world.send(alice, retry);
    world.clock.time += 1;
    await world.send(alice, [message('m'), message('m', { retry: true }), message('m')]);
    expect(acks('a').map(({ status, sequence }) => [status, sequence])).toEqual([
      ['accepted', 1],
      ['accepted', 2],
      ['duplicate', 2],
      ['accepted', 3],
      ['duplicate', 3],
      ['accepted', 4],
    ]);
  });
});

describe('what it costs', () => {
  test('nothing when the newest row is older than the event', async () => {
    const alice = await world.open('a');
    await world.send(alice, message('l'));
    world.clock.time += 1;
    const search = jest.spyOn(world.history, 'newestFirst');
    await world.send(alice, message('m'));
    expect(search).not.toHaveBeenCalled();
  });

  test('one search for all the retries of a batch, each with its own first copy', async () => {
    const alice = await world.open('a');
    const batch = [message('m'), message('n'), message('o')];
    await world.send(alice, batch);
    world.clock.time += 1_000;
    const search = jest.spyOn(world.history, 'newestFirst');
    await world.send(
      alice,
      [...batch, message('p')].map((frame) => ({ ...frame, retry: true })),
    );
    expect(search).toHaveBeenCalledTimes(1);
    expect(
      acks('a')
        .slice(3)
        .map(({ status, sequence }) => [status, sequence]),
    ).toEqual([
      ['duplicate', 1],
      ['duplicate', 2],
      ['duplicate', 3],
      ['accepted', 4],
    ]);
  });

  test('an event with more than a thousand newer rows is refused after one search, but not as a retry', async () => {
    const alice = await world.open('a');
    for (let n = 1; n <= 1_001; n++) await world.history.tryPut(subject, stored(n));
    const search = jest.spyOn(world.history, 'newestFirst');
    await world.send(alice, [message('m'), message('n')]);
    expect(world.sockets.of('a').map(({ code }) => code)).toEqual(['unavailable', 'unavailable']);
    expect(search).toHaveBeenCalledTimes(1);
    await world.send(alice, message('m', { retry: true }));
    expect(acks('a')).toMatchObject([{ status: 'accepted', sequence: 1_002 }]);
    await world.history.tryPut(subject, stored(1_003, { timestamp: world.clock.time + 1 }));
    world.clock.time += 2;
    await world.send(alice, message('n'));
    expect(acks('a')).toMatchObject([{ sequence: 1_002 }, { sequence: 1_004 }]);
  });

  test('the retries of a text message read 8 MB at most, in all channels together', async () => {
    const alice = await world.open('a');
    const body = JSON.stringify({ content: 'x'.repeat(30_000) });
    const channels = Array.from({ length: 25 }, (_, n) => `c${String(n)}`);
    for (const channel of channels)
      for (let n = 1; n <= 200; n++) await world.history.tryPut(`t/channel/${channel}`, stored(n, { body }));
    let read = 0;
    const newestFirst = world.history.newestFirst.bind(world.history);
    world.history.newestFirst = (key, onRead) =>
      newestFirst(key, (units) => {
        read += units;
        onRead?.(units);
      });
    world.clock.time += 1_000;
    await world.send(
      alice,
      channels.map((channel_id, n) => message(`m${String(n)}`, { channel_id, retry: true })),
    );
    // One page of the double has three times as much as one of DynamoDB.
    expect(read).toBeGreaterThan(1_000);
    expect(read).toBeLessThanOrEqual(2_048 + 800);
    expect(acks('a').map(({ status, sequence }) => [status, sequence])).toEqual(
      channels.map(() => ['accepted', 201]),
    );
  });

  test('a thousand newer rows are not too many', async () => {
    const alice = await world.open('a');
    for (let n = 1; n <= 1_000; n++) await world.history.tryPut(subject, stored(n));
    await world.send(alice, message('m'));
    expect(acks('a')).toMatchObject([{ sequence: 1_001 }]);
  });
});

describe('timestamps', () => {
  const times = (): number[] =>
    world.history
      .rows(subject)
      .map(({ timestamp }) => timestamp)
      .reverse();

  test('never decrease along a log, in whatever order events come, and are those of ACK and message', async () => {
    const alice = await world.open('a');
    const start = world.clock.time;
    const late = event('late');
    world.clock.time += 30;
    await world.send(alice, message('first'));
    await world.send(alice, [message('l'), message('m')], late);
    expect(times()).toEqual([start + 30, start + 30, start + 30]);
    expect(new Set(world.sockets.of('a').map(({ timestamp }) => timestamp))).toEqual(
      new Set([new Date(start + 30).toISOString()]),
    );
  });

  test('are those of the row that a put has met', async () => {
    const alice = await world.open('a');
    const ahead = stored(1, { timestamp: world.clock.time + 20 });
    jest.spyOn(world.history, 'head').mockImplementationOnce(async (key) => {
      await world.history.tryPut(key, ahead);
      return { row: undefined, checkpoint: undefined };
    });
    await world.send(alice, [message('m'), message('n')]);
    expect(times()).toEqual([ahead.timestamp, ahead.timestamp, ahead.timestamp]);
  });

  test('of a wrong clock are not taken over, and cost no search', async () => {
    const alice = await world.open('a');
    await world.history.tryPut(subject, stored(1, { timestamp: world.clock.time + 90_001 }));
    const search = jest.spyOn(world.history, 'newestFirst');
    for (const id of ['m', 'n']) {
      await world.send(alice, message(id));
      world.clock.time += 1;
    }
    expect(times().slice(1)).toEqual([world.clock.time - 2, world.clock.time - 1]);
    expect(search).not.toHaveBeenCalled();
  });

  test('of a message that the log begins with, or goes on with behind item 0, are its own', async () => {
    const alice = await world.open('a');
    await world.history.raiseCheckpoint(subject, { epoch: 'e', sequence: 7 }, world.clock.time + 1_000);
    await world.send(alice, message('m'));
    expect(world.history.rows(subject)).toMatchObject([{ sequence: 8, timestamp: world.clock.time }]);
  });
});

test('rows of an earlier release are nobody’s second delivery, and first copies of retries', async () => {
  const alice = await world.open('a');
  const nonce = '0e2ee5f4-6f5c-4a5e-8d5b-0d8a5a1f1c11';
  await world.history.tryPut(subject, stored(1, { id: 'm', agentId: 'agent-of-a', nonce }));
  await world.send(alice, message('m'), event('0e2ee5f4-6f5c-4a5e-8d5b-0d8a5a1f1c11'));
  await world.send(alice, message('m', { retry: true }));
  expect(acks('a').map(({ status, sequence }) => [status, sequence])).toEqual([
    ['accepted', 2],
    ['duplicate', 2],
  ]);
});
