/**
 * A frame about a hundred channels: each call to the store has a timer of its own, so that calls that wait behind each other
 * in a slow store must not be under way all at once.
 */
import { removeConnection } from '../../lambda/agents/remove-connection';
import { createWorld } from './world';

/** What one call may take, as in lambda/aws/dynamo/dynamo-calls.ts. */
const callMs = 800;
/** A store that is a hundred times slower than AWS's, and does one thing at a time. */
const serveMs = 10;

/** Puts what the world asks of the store into one queue; a call whose turn comes too late fails as one that timed out. */
function slowDown(world: ReturnType<typeof createWorld>): { most: number } {
  const seen = { most: 0 };
  let waiting = 0;
  const slow = <Args extends unknown[], R>(call: (...args: Args) => Promise<R>) => {
    return async (...args: Args): Promise<R> => {
      waiting += 1;
      seen.most = Math.max(seen.most, waiting);
      const isTooLate = waiting * serveMs > callMs;
      await new Promise(setImmediate);
      waiting -= 1;
      if (isTooLate) throw new Error('timed out');
      return call(...args);
    };
  };
  const { connections, history } = world;
  connections.putSubscription = slow(connections.putSubscription.bind(connections));
  connections.removeSubscription = slow(connections.removeSubscription.bind(connections));
  history.head = slow(history.head.bind(history));
  return seen;
}

test('hello with 100 resumes is answered by a slow store', async () => {
  const world = createWorld();
  const caller = await world.open('a', { level: 1, channelId: undefined });
  const seen = slowDown(world);
  const names = Array.from({ length: 100 }, (_, index) => `c${index}`);
  const resume = names.map((channel_id) => ({ channel_id }));
  await world.send(caller, { type: 'hello', id: 'h', resume });
  const frame = world.sockets.posts[0]?.frame;
  expect(frame).toMatchObject({ type: 'WELCOME', message_id: 'h' });
  // In the order in which they were asked for.
  expect((frame?.channels as { channel_id: string }[]).map(({ channel_id }) => channel_id)).toEqual([
    ...names,
    '$inbox',
  ]);
  expect(seen.most).toBeGreaterThan(1);
});

test('and its end takes all of them away', async () => {
  const world = createWorld();
  const caller = await world.open('a', { level: 1, channelId: undefined });
  const names = Array.from({ length: 100 }, (_, index) => `c${index}`);
  await world.send(caller, { type: 'hello', id: 'h', resume: names.map((channel_id) => ({ channel_id })) });
  slowDown(world);
  await removeConnection(world.deps, { ...caller, channels: [] });
  for (const name of names) expect(await world.connections.hasSubscribers('t', name)).toBe(false);
});

// Fault schedule 7000027: WELCOME named a channel whose subscription was never written, so that its messages did not come.
test('every channel that WELCOME names is subscribed, also one whose subscribe broke off', async () => {
  const world = createWorld();
  const caller = await world.open('a', { level: 1, channelId: undefined });
  const { connections } = world;
  const put = connections.putSubscription.bind(connections);
  connections.putSubscription = () => Promise.reject(new Error('down'));
  await world.send(caller, { type: 'subscribe', id: 's', channel_id: 'work' });
  connections.putSubscription = put;
  await world.send(caller, { type: 'hello', id: 'h' });
  const welcome = world.sockets.posts.find(({ frame }) => frame.type === 'WELCOME')?.frame;
  expect(welcome?.channels).toMatchObject([{ channel_id: 'work' }, { channel_id: '$inbox' }]);
  expect(await connections.hasSubscribers('t', 'work')).toBe(true);
});

test('hello writes what changed: again, and again after a lost row', async () => {
  const world = createWorld();
  const caller = await world.open('a', { level: 1, channelId: undefined });
  const names = Array.from({ length: 99 }, (_, index) => `c${index}`);
  const hello = { type: 'hello', id: 'h', resume: names.map((channel_id) => ({ channel_id })) };
  const put = jest.spyOn(world.connections, 'putSubscription');
  await world.send(caller, hello);
  expect(put).toHaveBeenCalledTimes(99);
  put.mockClear();
  await world.send(
    caller,
    Array.from({ length: 19 }, () => hello),
  );
  expect(put).not.toHaveBeenCalled();
  await world.connections.removeSubscription('t', 'c7', 'a');
  await world.send(caller, { type: 'hello', id: 'h' });
  expect(put.mock.calls.map(([, channelId]) => channelId)).toEqual(['c7']);
});
