/** Pages of history while others publish, over the memory stores. */
import { createWorld } from './world';

test('nothing is above the head that the answer names, whatever is published between the two reads', async () => {
  const world = createWorld();
  const reader = await world.open('reader', { level: 1, echo: false });
  const writer = await world.open('writer');
  await world.send(
    writer,
    [1, 2, 3].map((content) => ({ id: `m${content}`, content })),
  );
  const { rangeBack } = world.history;
  world.history.rangeBack = async function* (...asked) {
    await world.send(writer, { id: 'meanwhile', content: 4 });
    yield* rangeBack.apply(world.history, asked);
  };
  world.sockets.posts.length = 0;
  await world.send(reader, { type: 'history', id: 'h', channel_id: 'c', limit: 2 });
  const page = world.sockets.of('reader').find(({ type }) => type === 'HISTORY');
  expect(page).toMatchObject({ sequence: 3, messages: [{ id: 'm2' }, { id: 'm3' }] });
});
