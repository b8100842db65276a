/** What an erasure removes from the failure queue, and what others find there afterwards. */
import { eraseFailedEvents } from '../../lambda/erasure/failed-events';
import { encodeInboxJob } from '../../lambda/shared/inbox-job';
import { Deadline } from '../../lambda/shared/deadline';
import { MemoryFailedEvents } from '../doubles/memory-failed-events';
import { FakeClock, FakeLog } from './world';

let clock: FakeClock;
let log: FakeLog;
let queue: MemoryFailedEvents;
beforeEach(() => {
  clock = new FakeClock();
  log = new FakeLog();
  queue = new MemoryFailedEvents(clock);
});

const scope = { tenantId: 't', agentId: 'alice' };
const run = (whom: { tenantId: string; agentId: string | undefined } = scope, ms = 90_000) =>
  eraseFailedEvents({ failedEvents: queue, log }, whom, new Deadline(clock, clock.time + ms));

/** As Lambda writes it. */
const record = (requestPayload: unknown) => ({
  version: '1.0',
  requestContext: { functionArn: 'arn', condition: 'RetriesExhausted', approximateInvokeCount: 1 },
  requestPayload,
  responsePayload: { errorType: 'Unavailable' },
});
const push = (tenantId: string, agentId: string) =>
  record(
    encodeInboxJob({
      tenantId,
      agentId,
      connectionId: 'c=',
      inboxMark: { from: 1, count: 1 },
      expiresAt: 2,
      at: 1,
    }),
  );
const message = (fields: object) => ({ tenant_id: 't', agent_id: 'cron', content: 'private', ...fields });

describe.each<[string, unknown, { agent: boolean; tenant: boolean }]>([
  ['the push of its inbox', push('t', 'alice'), { agent: true, tenant: true }],
  ['the push of another inbox', push('t', 'bob'), { agent: false, tenant: true }],
  ['its name in another tenant', push('other', 'alice'), { agent: false, tenant: false }],
  [
    'an order about it',
    record({ action: 'kick', tenant_id: 't', agent_id: 'alice' }),
    { agent: true, tenant: true },
  ],
  ['an order about the tenant', record({ action: 'erase', tenant_id: 't' }), { agent: false, tenant: true }],
  ['an event of the schedule', record({ source: 'aws.events', detail: {} }), { agent: false, tenant: false }],
  [
    'a message that it has sent',
    message({ agent_id: 'alice', channel_id: 'c' }),
    { agent: true, tenant: true },
  ],
  ['a message to it', message({ to: 'alice' }), { agent: true, tenant: true }],
  ['a message to it in the old way', message({ metadata: { to: 'alice' } }), { agent: true, tenant: true }],
  ['a message of others', message({ to: 'bob', metadata: { to: 'alice' } }), { agent: false, tenant: true }],
  [
    'a message to a channel with metadata of its own',
    message({ channel_id: 'c', metadata: { to: 'alice' } }),
    { agent: false, tenant: true },
  ],
  [
    'a message of another tenant with fields of its own',
    { ...message({ tenant_id: 'other' }), tenant: 't', requestPayload: { tenant: 't', agent: 'alice' } },
    { agent: false, tenant: false },
  ],
  ['a text that is no JSON', 'alice of t', { agent: false, tenant: false }],
  ['a list', '[{"tenant_id":"t"}]', { agent: false, tenant: false }],
  ['nothing', 'null', { agent: false, tenant: false }],
])('%s', (_, body, expected) => {
  test.each([
    ['agent', scope],
    ['tenant', { tenantId: 't', agentId: undefined }],
  ] as const)('erasing the %s', async (kind, whom) => {
    queue.add(body as string | object);
    expect(await run(whom)).toEqual({ removed: expected[kind] ? 1 : 0, isComplete: true });
    expect(queue.bodies).toHaveLength(expected[kind] ? 0 : 1);
  });
});

test('events of others stay, and can be received at once', async () => {
  for (let n = 0; n < 25; n++) queue.add(push('t', n % 5 === 0 ? 'alice' : `agent-${String(n)}`));
  expect(await run()).toEqual({ removed: 5, isComplete: true });
  expect(await queue.held()).toBe(0);
  expect(queue.bodies).toHaveLength(20);
  expect(queue.bodies.join()).not.toContain('alice');
});

test('a thousand events of others before the one that goes', async () => {
  for (let n = 0; n < 1_000; n++) queue.add(push('t', 'bob'));
  queue.add(push('t', 'alice'));
  expect(await run()).toEqual({ removed: 1, isComplete: true });
  expect(await queue.held()).toBe(0);
  expect(queue.bodies).toHaveLength(1_000);
});

test('an event that somebody else holds stays, the report says so, and a later order removes it', async () => {
  queue.add(push('t', 'alice'));
  await queue.receive(30);
  queue.add(push('t', 'alice'));
  expect(await run()).toEqual({ removed: 1, isComplete: false });
  expect(queue.bodies).toHaveLength(1);
  clock.time += 31_000;
  expect(await run()).toEqual({ removed: 1, isComplete: true });
});

test('an event that somebody else gives back while the queue is counted is looked at, too', async () => {
  queue.add(push('t', 'alice'));
  const theirs = await queue.receive(30);
  const count = queue.held.bind(queue);
  queue.held = async () => {
    await queue.giveBack(theirs);
    return count();
  };
  expect(await run()).toEqual({ removed: 1, isComplete: true });
});

test('an event that comes a second time is counted once, and given back by its newest receipt', async () => {
  queue.add(push('t', 'alice'));
  queue.add(push('t', 'bob'));
  const receive = queue.receive.bind(queue);
  let first: Awaited<ReturnType<typeof receive>> = [];
  jest.spyOn(queue, 'receive').mockImplementation(async (seconds) => {
    if (queue.receives > 0 && first.length > 0) {
      // Both again: the removed one from a server that has missed it, the other one with a new receipt.
      const [alice, bob] = first;
      first = [];
      await queue.giveBack([bob!]);
      return [alice!, ...(await receive(seconds))];
    }
    return (first = await receive(seconds));
  });
  expect(await run()).toEqual({ removed: 1, isComplete: true });
  expect(queue.bodies).toHaveLength(1);
  expect(await queue.held()).toBe(0);
});

test('what could not be removed for certain is not counted, and the report says that something is left', async () => {
  queue.add(push('t', 'alice'));
  queue.remove = () => Promise.resolve([]);
  // The number of SQS may be late.
  queue.held = () => Promise.resolve(0);
  expect(await run()).toEqual({ removed: 0, isComplete: false });
});

test('a queue that fails in the middle: the rest is given back, and the next order removes what is left', async () => {
  for (let n = 0; n < 15; n++) queue.add(push('t', n === 14 ? 'alice' : 'bob'));
  const receive = queue.receive.bind(queue);
  const fault = jest
    .spyOn(queue, 'receive')
    .mockImplementationOnce(receive)
    .mockRejectedValueOnce(Object.assign(new Error('no'), { name: 'AccessDenied', $metadata: {} }));
  expect(await run()).toEqual({ removed: 0, isComplete: false });
  expect(log.lines).toEqual([
    { event: 'failure_queue_not_read', fields: { error: 'AccessDenied', reason: 'AccessDenied: no' } },
  ]);
  expect(await queue.held()).toBe(0);
  fault.mockRestore();
  expect(await run()).toEqual({ removed: 1, isComplete: true });
});

test('a function that ends in the middle holds events for two minutes; then an order removes what is left', async () => {
  for (let n = 0; n < 3; n++) queue.add(push('t', n === 1 ? 'alice' : 'bob'));
  // It has received all, and removed and given back nothing.
  const remove = queue.remove.bind(queue);
  queue.remove = () => new Promise(() => undefined);
  void run();
  await new Promise((resolve) => setImmediate(resolve));
  expect(await queue.held()).toBe(3);
  queue.remove = remove;
  expect(await run()).toEqual({ removed: 0, isComplete: false });
  clock.time += 121_000;
  expect(await run()).toEqual({ removed: 1, isComplete: true });
  expect(await queue.receive(1)).toHaveLength(2);
});

test('two erasures at once: each event goes or stays, and who can’t know says so', async () => {
  for (let n = 0; n < 60; n++) queue.add(push('t', ['alice', 'bob', 'carol'][n % 3]!));
  const reports = await Promise.all([run(), run({ tenantId: 't', agentId: 'bob' })]);
  expect(reports.every(({ isComplete }) => isComplete)).toBe(false);
  expect(await queue.held()).toBe(0);
  expect([await run(), await run({ tenantId: 't', agentId: 'bob' })]).toEqual([
    { removed: 20 - reports[0].removed, isComplete: true },
    { removed: 20 - reports[1].removed, isComplete: true },
  ]);
  expect(queue.bodies).toHaveLength(20);
});

test('more than it may hold, or more than there is time for: the report says that something is left', async () => {
  for (let n = 0; n < 10_001; n++) queue.add(push('t', 'bob'));
  queue.add(push('t', 'alice'));
  expect(await run()).toEqual({ removed: 0, isComplete: false });
  expect(queue.receives).toBe(1_000);
  expect(await queue.held()).toBe(0);
  const receive = queue.receive.bind(queue);
  queue.receive = (seconds) => {
    clock.time += 1_000;
    return receive(seconds);
  };
  queue.receives = 0;
  expect(await run(scope, 5_000)).toEqual({ removed: 0, isComplete: false });
  expect(queue.receives).toBe(5);
  expect(await queue.held()).toBe(0);
});
