/** Wide channels: the publisher's own invocation serves the first receivers, workers the rest, and nobody is served twice. */
import fc from 'fast-check';
import { decodeChunk, encodeChunk } from '../../lambda/core/chunk';
import type { Caller } from '../../lambda/core/caller';
import type { Receiver } from '../../lambda/core/fan-out';
import type { Outgoing } from '../../lambda/core/outgoing';
import { Unavailable } from '../../lambda/core/ports';
import { fanOutRoute } from '../../lambda/routes/fan-out';
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
  const { delivered } = await world.publish({ id: 'm1', content: 'hello' });
  expect(delivered).toEqual({ delivered: 3, handed: 6 });
  for (const chunk of world.chunks()) await world.serve(chunk);
  for (const id of world.ids) expect(heardBy(world, id)).toMatchObject([{ id: 'm1', content: 'hello' }]);
  expect(world.log.lines.at(-1)).toMatchObject({ event: 'chunk_served', fields: { delivered: 6 } });
});

test('a channel within the bound starts no worker', async () => {
  const world = await wideWorld(4, 4);
  expect((await world.publish({ id: 'm1', content: 1 })).delivered).toEqual({ delivered: 4 });
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
  const { delivered } = await world.publish({ id: 'm1', content: 1 });
  expect(delivered).toEqual({ delivered: 2, failed: 3 });
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
      };
      const read = decodeChunk(JSON.parse(JSON.stringify(encodeChunk(written))) as Record<string, unknown>);
      expect(read.receivers).toEqual(receivers);
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

test.each([
  [{}],
  [{ tenant: 't', channel: 'c', texts: { 0: [1] }, receivers: [] }],
  [{ tenant: 't', channel: 'c', texts: { 0: ['x'] }, receivers: [['a', 'b', 7, 1]] }],
])('an event that is no chunk is refused: %j', async (event) => {
  const world = await wideWorld(1, 1);
  await expect(world.serve(event)).rejects.toThrow('no chunk');
});
