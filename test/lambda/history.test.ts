/** Pages of history that conformance tests can't bring about, over the memory stores. */
import type { StoredRow } from '../../lambda/shared/stores/history-store';
import { createWorld } from './world';

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => ({ id: `m${n + from}`, content: n }));

test('nothing is above the head that the answer names, whatever is published between the two reads', async () => {
  const world = createWorld();
  const reader = await world.open('reader', { level: 1, echo: false });
  const writer = await world.open('writer');
  await world.send(writer, numbered(1, 3));
  const rangeBack = world.history.rangeBack.bind(world.history);
  world.history.rangeBack = async function* (...asked) {
    await world.send(writer, { id: 'meanwhile', content: 4 });
    yield* rangeBack(...asked);
  };
  world.sockets.posts.length = 0;
  await world.send(reader, { type: 'history', id: 'h', channel_id: 'c', limit: 2 });
  const page = world.sockets.of('reader').find(({ type }) => type === 'HISTORY');
  expect(page).toMatchObject({ sequence: 3, messages: [{ id: 'm2' }, { id: 'm3' }] });
});

test('a long list of gaps is a part without messages', async () => {
  const world = createWorld();
  const reader = await world.open('reader', { level: 1, echo: false });
  await world.send(reader, numbered(1, 25));
  await world.send(reader, numbered(26, 50));
  const rangeBack = world.history.rangeBack.bind(world.history);
  const damaged = (row: StoredRow): StoredRow => (row.sequence % 2 === 1 ? { ...row, body: undefined } : row);
  world.history.rangeBack = async function* (...asked) {
    for await (const page of rangeBack(...asked)) yield page.map(damaged);
  };
  world.sockets.posts.length = 0;
  await world.send(reader, { type: 'history', id: 'h', channel_id: 'c' });
  const parts = world.sockets.of('reader').flat() as {
    messages: unknown[];
    gaps?: unknown[];
    last: boolean;
  }[];
  expect(parts.map(({ messages, gaps, last }) => [messages.length, gaps?.length, last])).toEqual([
    [25, undefined, false],
    [0, 25, true],
  ]);
});
