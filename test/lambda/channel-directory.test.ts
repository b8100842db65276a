/** When a publish writes the directory of channels (D26): once in a quarter of the retention, and before the put. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { DynamoChannelDirectory } from '../../lambda/aws/dynamo/dynamo-channel-directory';
import { directoryExpiry } from '../../lambda/log/channel-directory';
import { createWorld } from './world';

const retentionMs = 86_400_000;
const quarterMs = retentionMs / 4;

test('the first publish of a log writes the row before the put, the next ones do not', async () => {
  const world = createWorld();
  const order: string[] = [];
  const put = world.directory.put.bind(world.directory);
  world.directory.put = (...of) => {
    order.push('directory');
    return put(...of);
  };
  const tryPut = world.history.tryPut.bind(world.history);
  world.history.tryPut = (...of) => {
    order.push('message');
    return tryPut(...of);
  };
  const from = await world.open('a');
  await world.send(from, [{ content: 1 }, { content: 2 }]);
  await world.send(from, { content: 3 });
  expect(order).toEqual(['directory', 'message', 'message', 'message']);
  world.clock.time += quarterMs;
  await world.send(await world.open('b'), { content: 4 });
  expect(order.slice(4)).toEqual(['directory', 'message']);
});

test('a directory that fails refuses no publish', async () => {
  const world = createWorld();
  world.directory.put = () => Promise.reject(new Error('down'));
  const from = await world.open('a');
  expect(await world.send(from, { id: 'm', content: 1 })).toMatchObject({ accepted: 1, errors: '' });
  expect(world.log.lines.map(({ event }) => event)).toContain('channel_not_listed');
});

test('direct and ephemeral messages write no row', async () => {
  const world = createWorld();
  const put = jest.spyOn(world.directory, 'put');
  const from = await world.open('a');
  await world.send(from, [
    { to: 'bob', content: 1 },
    { content: 2, ephemeral: true },
  ]);
  expect(put).not.toHaveBeenCalled();
});

test('as long as a log has a message, its row is there', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, maxLength: 20 }),
      fc.array(fc.integer({ min: 0, max: retentionMs }), { minLength: 1, maxLength: 30 }),
      (channelId, pauses) => {
        let time = 1_790_000_000_000;
        let previous: number | undefined;
        let listedUntil = 0;
        for (const pause of pauses) {
          time += pause;
          listedUntil = directoryExpiry(channelId, retentionMs, time, previous) ?? listedUntil;
          previous = time;
          if (listedUntil < time + retentionMs || listedUntil > time + retentionMs + quarterMs) return false;
        }
        return true;
      },
    ),
  );
});

test.each([true, false])(
  'a list is read strongly consistently where that is asked for: %s',
  async (consistent) => {
    const inputs: unknown[] = [];
    const client = {
      send: ({ input }: { input: unknown }) => {
        inputs.push(input);
        return Promise.resolve({ Items: [] });
      },
    } as unknown as DynamoDBDocumentClient;
    const directory = new DynamoChannelDirectory(client, 'T', { now: () => 0 });
    for await (const page of directory.channels('t', undefined, consistent)) expect(page).toEqual([]);
    expect(inputs).toMatchObject([{ ConsistentRead: consistent }]);
  },
);
