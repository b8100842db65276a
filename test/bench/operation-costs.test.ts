/**
 * What each operation costs, counted at the gateway: every call to AWS, billed read and write units, and messages.
 * The figures are those of design and docs/architecture.md (What an operation costs); publishes by their receivers are in
 * cost-targets.test.ts.
 */
import { randomBytes } from 'node:crypto';
import { type Counts, countsBetween } from '../../gateway';
import { Bus, fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import type { Frame, TestClient } from '../helpers/ws-client';

interface Cost {
  /** Of DynamoDB, by operation. */
  readonly calls?: Readonly<Record<string, number>>;
  readonly reads?: number;
  readonly writes?: number;
  /** To clients. */
  readonly posts?: number;
  /** Questions whether a connection is there. */
  readonly gets?: number;
}

let bus: Bus;
const tenant = fresh('tenant');
const open: Record<string, TestClient> = {};
/** Where the operation before ended: what it did later than it should is counted into the next one, and fails that. */
let last: Counts;

beforeAll(async () => {
  // What a sample of the rates costs is counted in rate-limiter.property.test.ts.
  bus = await Bus.start({ settings: { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } } });
  last = bus.inside.gateway.costs().counts;
});

afterAll(() => bus.stop());

async function costs(
  run: () => Promise<unknown>,
  { calls = {}, reads = 0, writes = 0, posts = 0, gets = 0 }: Cost,
): Promise<void> {
  const expected = {
    calls: {
      ...Object.fromEntries(Object.entries(calls).map(([name, count]) => [`dynamodb:${name}`, count])),
      ...(posts > 0 && { 'execute-api:POST': posts }),
      ...(gets > 0 && { 'execute-api:GET': gets }),
    },
    reads,
    writes,
    posts,
  };
  await run();
  const now = (): Counts => bus.inside.gateway.costs().counts;
  // Work goes on behind the answer, and a post is a call before it is a message.
  const after = await eventually(now, (counts) => {
    const { calls, posts } = summary(countsBetween(last, counts));
    return sum(calls) >= sum(expected.calls) && posts >= expected.posts;
  });
  const seen = summary(countsBetween(last, after));
  last = after;
  expect(seen).toEqual(expected);
}

function summary({ calls, readUnits, writeUnits, messagesOut }: Counts) {
  return { calls: { ...calls }, reads: readUnits, writes: writeUnits, posts: messagesOut };
}

function sum(calls: Readonly<Record<string, number>>): number {
  return Object.values(calls).reduce((total, each) => total + each, 0);
}

const at = (name: string): TestClient => open[name]!;
const asks = (name: string, frame: Frame) => (): Promise<Frame> => at(name).request(frame);
const arrives =
  (name: string, asking: { channel?: string; level?: 0 | 1 } = {}, agent = name) =>
  async (): Promise<void> => {
    open[name] = await bus.connect({ tenant, agent }, asking);
  };
const leaves = (name: string) => (): Promise<void> => at(name).terminate();

/** Whether anybody watches presence. */
/** Revocations of the tenant and the agent, and its refused frames, half a read unit each; the connection, and the agent's set. */
const connecting = { BatchGetItem: 1, GetItem: 1, PutItem: 1, UpdateItem: 1 };
const watching = { Query: 1 };
const subscribing = { PutItem: 1, UpdateItem: 1, Query: 1 };
/** Of the inbox of `l`. */
let inboxHead: Frame;
let start: { epoch: unknown; sequence: unknown };

/** In this order: each finds what the ones before have left. */
const operations: [string, () => Promise<unknown>, Cost][] = [
  [
    'connect with a channel',
    arrives('a', { channel: 'x' }),
    { calls: { ...connecting, PutItem: 2, ...watching }, reads: 2.5, writes: 3 },
  ],
  [
    'connect without a channel',
    arrives('b'),
    { calls: { ...connecting, ...watching }, reads: 2.5, writes: 2 },
  ],
  [
    'connect at level 1',
    arrives('l', { level: 1 }),
    { calls: { ...connecting, ...watching }, reads: 2.5, writes: 2 },
  ],
  // Every token that the token commands mint has a `jti`: a third row of revocations.
  [
    'connect with a token that has a jti',
    async () => {
      const token = bus.signedToken({ tenant_id: tenant, agent_id: 'j', jti: fresh('token') });
      open.j = await bus.open(bus.url({ token }));
    },
    { calls: { ...connecting, ...watching }, reads: 3, writes: 2 },
  ],
  // The agent's item for the inbox, and the head of the inbox log.
  [
    'hello',
    asks('l', { type: 'hello', id: 'h' }),
    { calls: { BatchGetItem: 1, GetItem: 1, Query: 1 }, reads: 3, posts: 1 },
  ],
  // `handled` for the first time, moved by a ping, and not moved.
  [
    'hello that begins to report what is handled',
    asks('l', { type: 'hello', id: 'h1', resume: [{ channel_id: '$inbox', handled: {} }] }),
    { calls: { BatchGetItem: 1, GetItem: 1, Query: 1, UpdateItem: 1 }, reads: 3, writes: 1, posts: 1 },
  ],
  [
    'hello that reports nothing new',
    asks('l', { type: 'hello', id: 'h2', resume: [{ channel_id: '$inbox', handled: {} }] }),
    { calls: { BatchGetItem: 1, GetItem: 1, Query: 1 }, reads: 3, posts: 1 },
  ],
  [
    'subscribe',
    asks('l', { type: 'subscribe', id: 's', channel_id: 'x' }),
    { calls: subscribing, reads: 1, writes: 2, posts: 1 },
  ],
  // The row of the directory too: once in a quarter of the retention.
  [
    'the first durable publish of a channel, to two',
    asks('a', { id: 'm0', content: 1 }),
    { calls: { Query: 2, PutItem: 2 }, reads: 2, writes: 2, posts: 3 },
  ],
  [
    'a durable publish to two',
    async () => {
      const { epoch, sequence } = await at('a').request({ id: 'm', content: 1 });
      start = { epoch, sequence };
    },
    { calls: { Query: 2, PutItem: 1 }, reads: 2, writes: 1, posts: 3 },
  ],
  [
    'an ephemeral publish to two',
    asks('a', { id: 'e', content: 1, ephemeral: true }),
    { calls: { Query: 1 }, reads: 0.5, posts: 3 },
  ],
  [
    'a durable publish of 3.5 KB that compress to under 3 KB',
    asks('a', { id: 'm2', content: noise(2_600) }),
    { calls: { Query: 2, PutItem: 1 }, reads: 2, writes: 3, posts: 3 },
  ],
  [
    'a retry that finds its first copy in the newest rows',
    asks('a', { id: 'm', content: 1, retry: true }),
    { calls: { Query: 1 }, reads: 1, posts: 1 },
  ],
  ['a frame that is refused', asks('a', { id: 'r', type: 'nonsense' }), { posts: 1 }],
  ['a ping', asks('l', { type: 'ping', id: 'p' }), { calls: { BatchGetItem: 1 }, reads: 1, posts: 1 }],
  [
    // The first message of an inbox looks whether its agent is known.
    'the first direct message to a client of level 1',
    async () => {
      await at('a').request({ id: 'd0', to: 'l', content: 1 });
      inboxHead = await at('l').nextMessage({ id: 'd0' });
    },
    {
      calls: { Query: 1, PutItem: 1, GetItem: 2, BatchGetItem: 1 },
      reads: 4,
      writes: 1,
      posts: 2,
    },
  ],
  [
    'a direct message to a client of level 1',
    asks('a', { id: 'd01', to: 'l', content: 1 }),
    {
      calls: { Query: 1, PutItem: 1, GetItem: 1, BatchGetItem: 1 },
      reads: 3,
      writes: 1,
      posts: 2,
    },
  ],
  [
    'a ping about a channel',
    asks('l', { type: 'ping', id: 'p', channels: [{ channel_id: 'x' }] }),
    { calls: { BatchGetItem: 1, Query: 1 }, reads: 2, posts: 1 },
  ],
  [
    'a ping that moves what is handled',
    async () => {
      const handled = { epoch: inboxHead.epoch, sequence: 1 };
      await at('l').request({ type: 'ping', id: 'p1', channels: [{ channel_id: '$inbox', handled }] });
    },
    { calls: { BatchGetItem: 1, Query: 1, GetItem: 1, UpdateItem: 1 }, reads: 3, writes: 1, posts: 1 },
  ],
  [
    'a ping that does not move it',
    async () => {
      const handled = { epoch: inboxHead.epoch, sequence: 1 };
      await at('l').request({ type: 'ping', id: 'p2', channels: [{ channel_id: '$inbox', handled }] });
    },
    { calls: { BatchGetItem: 1, Query: 1, GetItem: 1 }, reads: 3, posts: 1 },
  ],
  // The head, and the rows.
  [
    'history',
    asks('l', { type: 'history', id: 'i', channel_id: 'x' }),
    { calls: { Query: 2 }, reads: 2, posts: 1 },
  ],
  [
    'unsubscribe',
    asks('l', { type: 'unsubscribe', id: 'u', channel_id: 'x' }),
    { calls: { DeleteItem: 1, UpdateItem: 1 }, writes: 2, posts: 1 },
  ],
  [
    'presence that is new',
    asks('l', { type: 'presence', id: 'n1', status: 'busy' }),
    { calls: { GetItem: 1, UpdateItem: 1, ...watching }, reads: 2, writes: 1, posts: 1 },
  ],
  [
    'presence that was said before',
    asks('l', { type: 'presence', id: 'n2', status: 'busy' }),
    { calls: { GetItem: 1 }, reads: 1, posts: 1 },
  ],
  [
    'a query of presence',
    asks('l', { type: 'presence', id: 'n3', query: {} }),
    { calls: { BatchGetItem: 1, Query: 1 }, reads: 2, posts: 1 },
  ],
  [
    'subscribe to presence',
    asks('l', { type: 'subscribe', id: 'n4', channel_id: '$presence' }),
    { calls: { PutItem: 1, UpdateItem: 1 }, writes: 2, posts: 1 },
  ],
  [
    'presence with one watcher',
    async () => {
      at('l').send({ type: 'presence', id: 'n5', status: 'idle' });
      await at('l').next({ type: 'presence', channel_id: '$presence' });
    },
    { calls: { GetItem: 1, UpdateItem: 1, Query: 2 }, reads: 3, writes: 1, posts: 2 },
  ],
  [
    'unsubscribe from presence',
    asks('l', { type: 'unsubscribe', id: 'n6', channel_id: '$presence' }),
    { calls: { DeleteItem: 1, UpdateItem: 1 }, writes: 2, posts: 1 },
  ],
  // Beyond a subscribe: the rows after the position. The next one is the newest, which has been read. The messages and REPLAYED are one array.
  [
    'subscribe with a replay',
    async () => {
      at('l').send({ type: 'subscribe', id: 's2', channel_id: 'x', since: start });
      await at('l').next({ type: 'REPLAYED' });
    },
    { calls: { ...subscribing, Query: 2 }, reads: 2, writes: 2, posts: 2 },
  ],
  [
    'the first direct message to one connection',
    asks('a', { id: 'd', to: 'b', content: 1 }),
    {
      calls: { Query: 1, PutItem: 1, GetItem: 2, BatchGetItem: 1 },
      reads: 4,
      writes: 1,
      posts: 2,
    },
  ],
  [
    'a direct message to one connection',
    asks('a', { id: 'd1', to: 'b', content: 1 }),
    {
      calls: { Query: 1, PutItem: 1, GetItem: 1, BatchGetItem: 1 },
      reads: 3,
      writes: 1,
      posts: 2,
    },
  ],
  [
    'the first direct message to an agent that never connected',
    asks('a', { id: 'd2', to: 'c', content: 1 }),
    { calls: { Query: 1, PutItem: 1, GetItem: 2, UpdateItem: 2 }, reads: 3, writes: 3, posts: 1 },
  ],
  [
    'a request to nobody',
    asks('a', { id: 'd3', to: 'nobody', content: 1, expects_reply: true }),
    { calls: { GetItem: 1 }, reads: 1, posts: 1 },
  ],
  // Head and rows of the inbox, the mark taken off; one question whether the handshake is through.
  [
    'connect of an agent that has missed one',
    arrives('c'),
    {
      calls: { BatchGetItem: 1, GetItem: 1, PutItem: 1, UpdateItem: 2, Query: 3 },
      reads: 4.5,
      writes: 3,
      gets: 1,
      posts: 1,
    },
  ],
  [
    'the end of a connection with a channel',
    leaves('a'),
    { calls: { BatchGetItem: 1, UpdateItem: 1, DeleteItem: 2, ...watching }, reads: 2, writes: 3 },
  ],
  [
    'the end of a connection without a channel',
    leaves('b'),
    { calls: { BatchGetItem: 1, UpdateItem: 1, DeleteItem: 1, ...watching }, reads: 2, writes: 2 },
  ],
];

test.each(operations)('%s', (_title, run, cost) => costs(run, cost), 30_000);

/** Text of the given number of random bytes. */
function noise(bytes: number): string {
  return randomBytes(bytes).toString('base64');
}

test('a batch of three costs one head, three writes, and at most three looks at the subscribers', async () => {
  await arrives('a', { channel: 'y' })();
  await arrives('l', { channel: 'y', level: 1 })();
  // The first one writes the row of the directory too.
  await at('a').request({ id: 'b0', content: 0 });
  const after = await eventually(
    () => bus.inside.gateway.costs().counts,
    (counts) => counts.writeUnits - last.writeUnits === 8 && counts.messagesOut - last.messagesOut === 3,
  );
  at('a').send([1, 2, 3].map((content) => ({ id: `b${content}`, content })));
  await at('a').reply('b3');
  await at('l').next({ id: 'b3' });
  last = await eventually(
    () => bus.inside.gateway.costs().counts,
    (counts) => counts.messagesOut - after.messagesOut >= 7,
  );
  const { calls, writes, posts } = summary(countsBetween(after, last));
  // A message needs a look that began after its own put: how many share one is a matter of timing.
  const { 'dynamodb:Query': queries, ...others } = calls;
  expect(queries).toBeGreaterThanOrEqual(2);
  expect(queries).toBeLessThanOrEqual(4);
  // Three answers, three messages for level 0, one array for level 1.
  expect({ ...others, writes, posts }).toEqual({
    'dynamodb:PutItem': 3,
    'execute-api:POST': 7,
    writes: 3,
    posts: 7,
  });
});

test('nothing goes on when all of them are over', () => {
  expect(countsBetween(last, bus.inside.gateway.costs().counts).calls).toEqual({});
});
