/** Messages of the publish queue, over the memory stores. */
import { publishQueueRoute } from '../../lambda/events/publish-queue';
import { channelSubject } from '../../lambda/shared/subjects';
import { createWorld } from './world';

const allowed = [
  { tenant: 't', agents: ['cron', 'shop-*'] },
  { tenant: 'other', agents: ['*'] },
];

function setUp() {
  const world = createWorld();
  const route = publishQueueRoute({ ...world.deps, clock: world.clock, allowed });
  const publish = async (...bodies: unknown[]) => {
    const records = bodies.map((body, n) => ({
      messageId: `sqs-${n}`,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }));
    const { batchItemFailures } = await route({ Records: records });
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  };
  return { world, publish };
}

const message = { tenant_id: 't', agent_id: 'cron', channel_id: 'c', content: 'tick' };
/** Oldest first. */
const rows = (world: ReturnType<typeof createWorld>) =>
  world.history.rows(channelSubject('t', 'c')).reverse();

test('a message is in the log and reaches subscribers, as its agent', async () => {
  const { world, publish } = setUp();
  await world.open('bob');
  expect(await publish({ ...message, id: 'm1' })).toEqual([]);
  expect(rows(world)).toMatchObject([{ id: 'm1', agentId: 'cron' }]);
  expect(world.sockets.of('bob')).toMatchObject([{ id: 'm1', agent_id: 'cron', content: 'tick' }]);
  // Answers have no receiver.
  expect(world.sockets.of('publish-queue')).toEqual([]);
});

test('its id, or the id of SQS, is compared as that of a retry', async () => {
  const { world, publish } = setUp();
  await publish({ ...message, id: 'm1' }, message);
  expect(await publish({ ...message, id: 'm1' }, message)).toEqual([]);
  expect(rows(world)).toMatchObject([{ id: 'm1' }, { id: 'sqs-1' }]);
});

test.each([
  ['no JSON', 'tick'],
  ['no object', [message]],
  ['no agent', { ...message, agent_id: undefined }],
  ['an agent that is not allowed', { ...message, agent_id: 'shop' }],
  ['a tenant that is not allowed', { ...message, tenant_id: 'foreign' }],
  ['no content', { ...message, content: undefined }],
  ['a frame that is no message', { ...message, type: 'subscribe', id: 's1' }],
  ['a reserved channel', { ...message, channel_id: '$presence' }],
])('%s goes back, and the rest of the batch does not', async (_case, wrong) => {
  const { world, publish } = setUp();
  expect(await publish({ ...message, id: 'a' }, wrong, { ...message, agent_id: 'shop-1', id: 'b' })).toEqual([
    'sqs-1',
  ]);
  expect(rows(world)).toMatchObject([{ id: 'a' }, { id: 'b' }]);
});

test('a store that does not answer gives the message back', async () => {
  const { world, publish } = setUp();
  world.history.tryPut = () => Promise.resolve('unclear');
  expect(await publish(message)).toEqual(['sqs-0']);
});

test.each(['before', 'after'])(
  'a function that ends %s its put has published once when SQS delivers again',
  async (when) => {
    const { world, publish } = setUp();
    const put = world.history.tryPut.bind(world.history);
    world.history.tryPut = async (...args) => {
      world.history.tryPut = put;
      if (when === 'after') await put(...args);
      throw new Error('The process ended');
    };
    await publish(message).catch(() => undefined);
    expect(rows(world)).toHaveLength(when === 'after' ? 1 : 0);
    expect(await publish(message)).toEqual([]);
    expect(rows(world)).toMatchObject([{ id: 'sqs-0', agentId: 'cron' }]);
  },
);
