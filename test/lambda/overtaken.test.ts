/**
 * A message whose function was slow, and whose sender gave up on it meanwhile: a nameless error of the platform or a cut
 * connection makes a client publish again after a moment, while the first attempt is still on its way to the log.
 * Found by the fault suite in memory (seed 2): the first attempt read the head of the log behind its own retry.
 */
import { createWorld } from './world';

const message = (id: string, more: object = {}) => ({ id, content: `words of ${id}`, ...more });
const subject = 't/channel/c';

/** The first look at the head is slow: what is given happens before its answer. */
function slowly(world: ReturnType<typeof createWorld>, meanwhile: () => Promise<unknown>): void {
  const head = world.history.head.bind(world.history);
  let isFirst = true;
  world.history.head = async (...args) => {
    if (isFirst) {
      isFirst = false;
      world.clock.time += 400;
      await meanwhile();
    }
    return head(...args);
  };
}

const ids = (world: ReturnType<typeof createWorld>) => world.history.rows(subject).map(({ id }) => id);

test('a message that its own retry has overtaken is in the log once', async () => {
  const world = createWorld();
  const alice = await world.open('a');
  slowly(world, () => world.send(alice, message('m', { retry: true })));
  await world.send(alice, message('m'));
  expect(ids(world)).toEqual(['m']);
  const acks = world.sockets.of('a').filter(({ type }) => type === 'ACK');
  expect(acks.map(({ status, sequence }) => [status, sequence])).toEqual([
    ['accepted', 1],
    ['duplicate', 1],
  ]);
});

test('also when others have published behind the retry', async () => {
  const world = createWorld();
  const [alice, bob] = [await world.open('a'), await world.open('b')];
  slowly(world, async () => {
    await world.send(alice, message('m', { retry: true }));
    await world.send(bob, [message('m'), message('n')]);
  });
  await world.send(alice, message('m'));
  expect(world.history.rows(subject).map(({ id, agentId }) => `${agentId} ${id}`)).toEqual([
    'agent-of-b n',
    'agent-of-b m',
    'agent-of-a m',
  ]);
});

test('also within a batch of which only the last message was sent again', async () => {
  const world = createWorld();
  const alice = await world.open('a');
  slowly(world, () => world.send(alice, message('m', { retry: true })));
  await world.send(alice, [message('l'), message('m')]);
  expect(ids(world)).toEqual(['l', 'm']);
});

test('also when the look comes in pages of one row', async () => {
  const world = createWorld();
  const [alice, bob] = [await world.open('a'), await world.open('b')];
  const newestFirst = world.history.newestFirst.bind(world.history);
  world.history.newestFirst = async function* (...args) {
    for await (const page of newestFirst(...args)) for (const row of page) yield [row];
  };
  slowly(world, async () => {
    await world.send(alice, message('m', { retry: true }));
    await world.send(bob, message('n'));
  });
  await world.send(alice, message('m'));
  expect(ids(world)).toEqual(['n', 'm']);
});

test('an id that the agent uses again for other words is another message, however slow it is', async () => {
  const world = createWorld();
  const alice = await world.open('a');
  await world.send(alice, { id: 'm', content: 'first' });
  slowly(world, () => Promise.resolve());
  await world.send(alice, { id: 'm', content: 'second' });
  expect(ids(world)).toEqual(['m', 'm']);
});

test('a message that was not slow costs no further look', async () => {
  const world = createWorld();
  const alice = await world.open('a');
  await world.send(alice, message('l'));
  const look = jest.spyOn(world.history, 'newestFirst');
  await world.send(alice, message('m'));
  expect(look).not.toHaveBeenCalled();
});
