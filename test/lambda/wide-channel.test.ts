/** Wide channels: the publisher's own invocation serves the first receivers, workers the rest, and nobody is served twice. */
import fc from 'fast-check';
import { decodeChunk, encodeChunk } from '../../lambda/delivery/chunk';
import type { Caller } from '../../lambda/shared/caller';
import { Deadline } from '../../lambda/shared/deadline';
import type { FanOutCounts, Receiver } from '../../lambda/delivery/fan-out';
import type { Outgoing } from '../../lambda/delivery/outgoing';
import { Unavailable } from '../../lambda/shared/ports';
import { splitToWorkers } from '../../lambda/delivery/wide-channel';
import { fanOutRoute } from '../../lambda/events/fan-out';
import { eventually } from '../helpers/eventually';
import { createWorld } from './world';

const functionName = 'fan-out';

/** A channel with subscribers s0, s1, …, of which s0 publishes. */
async function wideWorld(subscribers: number, ownReceivers: number, level: 0 | 1 = 0) {
  const world = createWorld();
  const ids = Array.from({ length: subscribers }, (_, index) => `s${index}`);
  const callers: Caller[] = [];
  for (const id of ids) callers.push(await world.open(id, { level, tokenExpiresAt: world.clock.time + 1e9 }));
  const deps = { ...world.deps, workers: { invoker: world.invoker, functionName, ownReceivers } };
  world.invoker.started.length = 0;
  const serve = fanOutRoute(deps);
  return {
    ...world,
    ids,
    publish: (frame: unknown) => world.sendWith(deps, callers[0]!, frame),
    chunks: () => world.invoker.started.splice(0).map(({ payload }) => payload),
    serve,
  };
}

const heardBy = (world: { sockets: { of(id: string): Record<string, unknown>[] } }, id: string) =>
  world.sockets.of(id).filter(({ type }) => type === 'message');

test('the first receivers are served at once, the rest in chunks: everybody exactly once', async () => {
  const world = await wideWorld(9, 3);
  const { published } = await world.publish({ id: 'm1', content: 'hello' });
  expect(published[0]).toMatchObject({ delivered: 3, handed: 6 });
  for (const chunk of world.chunks()) await world.serve(chunk);
  for (const id of world.ids) expect(heardBy(world, id)).toMatchObject([{ id: 'm1', content: 'hello' }]);
  expect(world.log.lines.at(-1)).toMatchObject({ event: 'chunk_served', fields: { delivered: 6 } });
});

test('a channel within the bound starts no worker', async () => {
  const world = await wideWorld(4, 4);
  expect((await world.publish({ id: 'm1', content: 1 })).published[0]).toMatchObject({ delivered: 4 });
  expect(world.chunks()).toEqual([]);
});

test('the sender is served where it waits for its ACK, wherever it stands in the table', async () => {
  const world = await wideWorld(6, 1);
  const senderLast = await world.open('zz');
  const deps = { ...world.deps, workers: { invoker: world.invoker, functionName, ownReceivers: 1 } };
  await world.sendWith(deps, senderLast, { id: 'm1', content: 1 });
  expect(world.sockets.of('zz').map(({ type }) => type)).toEqual(['ACK', 'message']);
  const handed = world.chunks().flatMap((chunk) => decodeChunk(chunk).receivers);
  expect(handed.map(({ connectionId }) => connectionId)).not.toContain('zz');
});

test('a chunk has at most a thousand receivers', async () => {
  const world = await wideWorld(2, 1);
  for (let index = 0; index < 2_500; index++) {
    const connectionId = `x${String(index).padStart(5, '0')}`;
    const row = { connectionId, agentId: 'a', level: 0, echo: true, expiresAt: world.clock.time + 1e6 };
    await world.connections.putSubscription('t', 'c', row);
  }
  await world.publish({ id: 'm1', content: 1 });
  const sizes = world.chunks().map((chunk) => decodeChunk(chunk).receivers.length);
  expect(sizes).toEqual([1_000, 1_000, 501]);
});

test('a batch reaches the receivers of a chunk as one array at level 1, in order', async () => {
  const world = await wideWorld(3, 1, 1);
  await world.publish([1, 2, 3].map((content) => ({ id: `m${content}`, content })));
  for (const chunk of world.chunks()) await world.serve(chunk);
  const [frames, ...more] = world.sockets.of('s2') as unknown as Record<string, unknown>[][];
  expect(more).toEqual([]);
  expect(frames!.map(({ content, sequence }) => [content, sequence])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
});

test('a worker that could not be started costs nobody else a message, and the publisher no ACK', async () => {
  const world = await wideWorld(5, 2);
  jest.spyOn(world.invoker, 'start').mockRejectedValue(new Unavailable('Lambda'));
  const { published } = await world.publish({ id: 'm1', content: 1 });
  expect(published[0]).toMatchObject({ delivered: 2, failed: 3 });
  expect(world.sockets.of('s0').map(({ type }) => type)).toEqual(['ACK', 'message']);
  expect(world.log.lines).toContainEqual(expect.objectContaining({ event: 'chunk_not_started' }));
});

test('a gone receiver of a chunk is buried by the worker', async () => {
  const world = await wideWorld(3, 1);
  world.sockets.closed.add('s2');
  await world.publish({ id: 'm1', content: 1 });
  for (const chunk of world.chunks()) await world.serve(chunk);
  expect(await world.connections.getConnections(['s2'])).toEqual([]);
});

test('any chunk reads as it was written, and fits into an event whatever the ids', async () => {
  const receiver = fc.record({
    connectionId: fc.string({ minLength: 1, maxLength: 40 }),
    agentId: fc.string({ unit: 'binary', minLength: 1, maxLength: 128 }),
    level: fc.constantFrom(0, 1),
    echo: fc.constant(true),
    expiresAt: fc.nat(),
  });
  const texts = fc.array(fc.tuple(fc.string(), fc.string()), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(receiver, { minLength: 1, maxLength: 20 }), texts, (receivers, messages) => {
      const outgoing: Outgoing[] = messages.map((pair) => ({
        textFor: (level) => pair[level]!,
        acknowledged: Promise.resolve(),
        echo: undefined,
      }));
      const written = {
        tenantId: 't',
        channelId: 'c',
        messages: outgoing,
        receivers: receivers as Receiver[],
        at: 1_790_000_000_000,
      };
      const read = decodeChunk(JSON.parse(JSON.stringify(encodeChunk(written))) as Record<string, unknown>);
      expect(read.receivers).toEqual(receivers);
      expect(read.at).toBe(written.at);
      for (const { level } of receivers) {
        expect(read.messages.map(({ textFor }) => textFor(level))).toEqual(
          messages.map((pair) => pair[level]),
        );
      }
    }),
  );
  const world = await wideWorld(2, 1);
  for (let index = 0; index < 1_200; index++) {
    const agentId = '界'.repeat(128);
    const connectionId = `wide-${String(index).padStart(8, '0')}==`;
    await world.connections.putSubscription('t', 'c', {
      ...{ connectionId, agentId, level: index % 2, echo: true, expiresAt: world.clock.time + 1e6 },
    });
  }
  await world.publish({ id: 'm1', content: '"\\'.repeat(7_000) });
  const chunks = world.chunks();
  expect(chunks.flatMap((chunk) => decodeChunk(chunk).receivers)).toHaveLength(1_201);
  for (const chunk of chunks) expect(Buffer.byteLength(JSON.stringify(chunk))).toBeLessThanOrEqual(262_144);
});

describe('handing over', () => {
  const target = { tenantId: 't', channelId: 'c', senderConnectionId: 'none' };
  const message = (text: string): Outgoing => ({
    textFor: () => text,
    acknowledged: Promise.resolve(),
    echo: undefined,
  });
  const receivers = (from: number, count: number, level = 0): Receiver[] =>
    Array.from({ length: count }, (_, index) => ({
      connectionId: `r${from + index}`,
      agentId: 'agent',
      level,
      echo: true,
      expiresAt: 2e12,
    }));

  /** Hands over what is not own; the test takes the own receivers as it likes. */
  function handing(
    pages: AsyncIterable<readonly Receiver[]>,
    { ownReceivers = 2, text = '"hello"', start = () => Promise.resolve() } = {},
  ) {
    const { clock, log, work } = createWorld();
    const started: string[][] = [];
    const invoker = {
      start: (_name: string, payload: object) => {
        const chunk = decodeChunk(JSON.parse(JSON.stringify(payload)) as Record<string, unknown>);
        started.push(chunk.receivers.map(({ connectionId }) => connectionId));
        return start();
      },
    };
    const counts: FanOutCounts = {};
    const deadline = new Deadline(clock, clock.time + 4_000);
    const workers = { invoker, functionName, ownReceivers };
    const own = splitToWorkers(
      { log, clock, work, workers },
      target,
      [message(text)],
      pages,
      deadline,
      counts,
    );
    return { own, started, counts, clock };
  }

  async function* paged(count: number, length: number, level = 0): AsyncGenerator<readonly Receiver[]> {
    for (let page = 0; page < count; page++) {
      await Promise.resolve();
      yield receivers(page * length, length, level);
    }
  }

  const idsOf = (list: readonly Receiver[]): string[] => list.map(({ connectionId }) => connectionId);

  async function firstOf(own: AsyncGenerator<readonly Receiver[]>): Promise<readonly Receiver[]> {
    const { value } = (await own.next()) as IteratorResult<readonly Receiver[], undefined>;
    return value ?? [];
  }

  async function taken(own: AsyncIterable<readonly Receiver[]>): Promise<string[]> {
    const all: string[] = [];
    for await (const page of own) all.push(...idsOf(page));
    return all;
  }

  test('does not wait for the own receivers, however slow they are', async () => {
    const { own, started, counts } = handing(paged(5, 600));
    expect(idsOf(await firstOf(own))).toEqual(['r0', 'r1']);
    // The own ones are not through, and nobody asks for more of them.
    await eventually(
      () => counts.handed,
      (handed) => handed === 2_998,
    );
    expect(await taken(own)).toEqual([]);
    expect(started.flat()).toHaveLength(2_998);
  });

  test('goes on when nobody wants the own receivers any more', async () => {
    const { own, counts } = handing(paged(30, 1_000), { ownReceivers: 15_000 });
    await own.next();
    await own.return(undefined);
    expect(counts).toEqual({ handed: 15_000 });
  });

  test('a page that cannot be read is reported after all that were read', async () => {
    const { own, started } = handing(
      (async function* () {
        yield* paged(2, 10);
        throw new Error('no page');
      })(),
    );
    const all: string[] = [];
    await expect(
      (async () => {
        for await (const page of own) all.push(...idsOf(page));
      })(),
    ).rejects.toThrow('no page');
    expect(all).toEqual(['r0', 'r1']);
    expect(started.flat()).toHaveLength(18);
  });

  test('own receivers beyond a page or two wait in the table, not in memory', async () => {
    let read = 0;
    const { own } = handing(
      (async function* () {
        for await (const page of paged(50, 1_000)) {
          read += 1;
          yield page;
        }
      })(),
      { ownReceivers: 50_000 },
    );
    await own.next();
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    expect(read).toBeLessThan(15);
    expect(await taken(own)).toHaveLength(49_000);
  });

  test('at most twenty Invokes are under way', async () => {
    let running = 0;
    let most = 0;
    const start = async (): Promise<void> => {
      most = Math.max(most, (running += 1));
      await new Promise(setImmediate);
      running -= 1;
    };
    const { own, started } = handing(paged(50, 1_000), { start });
    await taken(own);
    expect(started).toHaveLength(50);
    expect(most).toBe(20);
  });

  test('what waited for an Invoke until time was nearly up is late, and starts nobody', async () => {
    const ends: (() => void)[] = [];
    const start = () => new Promise<void>((resolve) => ends.push(resolve));
    const { own, started, counts, clock } = handing(paged(25, 1_000), { ownReceivers: 0, start });
    const served = taken(own);
    await eventually(
      () => started.length,
      (underWay) => underWay === 20,
    );
    clock.time += 3_500;
    for (const end of ends) end();
    await served;
    expect(counts).toEqual({ handed: 20_000, late: 5_000 });
    expect(started).toHaveLength(20);
  });

  test.each([
    ['the largest message', 'x'.repeat(129_000)],
    ['one of many escapes', '"\\'.repeat(20_000)],
  ])('%s costs a worker for a hundred receivers or more', async (_name, content) => {
    const { own, started } = handing(
      (async function* () {
        yield* paged(1, 5_000);
        yield await Promise.resolve(receivers(5_000, 5_000, 1));
      })(),
      { text: JSON.stringify({ content }) },
    );
    await taken(own);
    expect(started.flat()).toHaveLength(9_998);
    expect(started.length).toBeLessThanOrEqual(100);
  });

  test('a message whose escapes leave no room for receivers is served in place', async () => {
    const { own, started } = handing(paged(3, 100), {
      text: JSON.stringify({ content: '"'.repeat(60_000) }),
    });
    expect(await taken(own)).toHaveLength(300);
    expect(started).toEqual([]);
  });
});

test.each([
  [{}],
  [{ tenant: 't', channel: 'c', texts: { 0: [1] }, receivers: [] }],
  [{ tenant: 't', channel: 'c', texts: { 0: ['x'] }, receivers: [['a', 'b', 7, 1]] }],
])('an event that is no chunk is refused: %j', async (event) => {
  const world = await wideWorld(1, 1);
  await expect(world.serve(event)).rejects.toThrow('no chunk');
});
