/**
 * The grants against the calls: each function's core runs over the DynamoDB stores, through every path that calls
 * something, and what it called must be what its role allows, no less and no more. The laptop gateway checks callbacks only.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DynamoAgentStore } from '../../lambda/aws/dynamo/agents/dynamo-agent-store';
import { createDynamoClients, type DynamoClients } from '../../lambda/aws/dynamo/dynamo-calls';
import { DynamoChannelDirectory } from '../../lambda/aws/dynamo/dynamo-channel-directory';
import { DynamoConnectionStore } from '../../lambda/aws/dynamo/dynamo-connection-store';
import { SqsFailedEvents } from '../../lambda/aws/sqs-failed-events';
import { DynamoErasureStore } from '../../lambda/aws/dynamo/erasure/dynamo-erasure-store';
import { DynamoHistoryStore } from '../../lambda/aws/dynamo/dynamo-history-store';
import { DynamoRevocationStore } from '../../lambda/aws/dynamo/dynamo-revocation-store';
import { DynamoSweepStore } from '../../lambda/aws/dynamo/dynamo-sweep-store';
import { DynamoRateCounter } from '../../lambda/aws/dynamo/dynamo-rate-counter';
import { connect } from '../../lambda/agents/connect';
import { Deadline } from '../../lambda/shared/deadline';
import { handleTextMessage } from '../../lambda/frames/handle-text-message';
import { pushInbox } from '../../lambda/inbox/push-inbox';
import { RateLimiter } from '../../lambda/publish/rates/rate-limiter';
import { removeConnection } from '../../lambda/agents/remove-connection';
import { eraseFailedEvents } from '../../lambda/erasure/failed-events';
import { eraseRoute } from '../../lambda/events/erase';
import { revokeRoute } from '../../lambda/events/revoke';
import { fanOutRoute } from '../../lambda/events/fan-out';
import { presenceRoute } from '../../lambda/events/presence';
import { encodePresenceJob } from '../../lambda/agents/presence-job';
import { sweep } from '../../lambda/sweep/sweep';
import { parseText } from '../../protocol/index';
import { type LocalTables, startLocalTables } from '../contract/local-tables';
import { MemoryFailedEvents } from '../doubles/memory-failed-events';
import { createWorld } from '../lambda/world';
import type { FunctionName } from '../../lib/functions/function-row';
import { grantsOf, templateOf } from './synthesized';

const template = templateOf();
let tables: LocalTables;
let clients: DynamoClients;
let calls: Set<string>;

beforeAll(async () => {
  tables = await startLocalTables();
  clients = createDynamoClients();
  for (const client of [clients.calls, clients.singleAttempt]) record(client);
});

beforeEach(() => {
  calls = new Set();
});

afterAll(async () => {
  clients.calls.destroy();
  clients.singleAttempt.destroy();
  await tables.stop();
});

/** Notes every operation as the policies write it. */
function record(client: DynamoDBDocumentClient): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        const input = args.input as { TableName?: string; RequestItems?: object };
        const table = input.TableName ?? Object.keys(input.RequestItems ?? {})[0] ?? '';
        calls.add(`dynamodb:${commandName.replace('Command', '')} on <Tables${table.replace(/-.*/, '')}>`);
        return next(args);
      },
    { step: 'initialize' },
  );
}

const granted = (name: FunctionName): string[] =>
  grantsOf(template, name).filter((grant) => grant.startsWith('dynamodb:'));

function createDurableWorld() {
  const world = createWorld();
  const stores = {
    connections: new DynamoConnectionStore(clients.calls, tables.connectionTable),
    agents: new DynamoAgentStore(clients.calls, tables.agentTable, world.clock),
    history: new DynamoHistoryStore(clients, tables.messageTable, world.log),
    revocations: new DynamoRevocationStore(clients.calls, tables.connectionTable),
    rateCounter: new DynamoRateCounter(clients.singleAttempt, tables.connectionTable),
  };
  return { ...world, deps: { ...world.deps, ...stores } };
}

test('connect calls what it may', async () => {
  const { deps, caller, clock, sockets } = createDurableWorld();
  const join = (connectionId: string) => connect(deps, caller(connectionId, { agentId: 'c' }));
  for (const connectionId of ['c1', 'c2', 'c3']) await join(connectionId);
  expect(await join('c4')).toBe('too-many');
  clock.time += 11_000;
  sockets.closed.add('c2');
  expect(await join('c4')).toBe('connected');
  expect([...calls].sort()).toEqual(granted('connect'));
});

test('default calls what it may', async () => {
  const { deps, caller, clock, sockets } = createDurableWorld();
  const alice = caller('d1', { tokenExpiresAt: clock.time + 7 * 86_400_000 });
  await connect(deps, alice);
  await connect(deps, caller('d2'));
  clock.time += 11_000;
  sockets.closed.add('d2');
  calls.clear();
  const send = (frame: object, from = alice) =>
    handleTextMessage(deps, from, parseText(JSON.stringify(frame)), new Deadline(clock, clock.time + 4_000), {
      requestId: randomUUID(),
      sentAt: clock.time,
    });
  // Side by side, so that one of them meets the other's row.
  await Promise.all([send({ id: 'm1', content: 1 }), send({ id: 'm2', content: 1 })]);
  await send({ id: 'm1', content: 1, retry: true });
  await send({ id: 'm3', content: 1, to: 'agent-of-d1' });
  await (
    await new RateLimiter(deps).decide(alice, Array<number>(25).fill(1))
  ).reported;
  for (const type of ['subscribe', 'unsubscribe']) await send({ type, id: type, channel_id: 'other' });
  // The log of a quiet channel is extended by every read.
  clock.time += 13 * 3_600_000;
  await send({ type: 'subscribe', id: 'again', channel_id: 'c' });
  // At level 0 nobody hears the answer, so nothing is read for it.
  await send({ type: 'presence', id: 'p', query: {} }, { ...alice, level: 1 });
  expect([...calls].sort()).toEqual(granted('default'));
});

test('disconnect calls what it may', async () => {
  const { deps, caller } = createDurableWorld();
  for (const connectionId of ['e1', 'e2']) await connect(deps, caller(connectionId, { agentId: 'e' }));
  calls.clear();
  for (const connectionId of ['e1', 'e2', 'e2']) {
    await removeConnection(deps, { connectionId, tenantId: 't', agentId: 'e', channels: [] });
  }
  expect([...calls].sort()).toEqual(granted('disconnect'));
});

test('a fan-out worker calls what it may', async () => {
  const { deps, caller, clock, sockets } = createDurableWorld();
  await connect(deps, caller('g1'));
  clock.time += 11_000;
  sockets.closed.add('g1');
  calls.clear();
  const receivers = [['g1', 'agent-of-g1', 0, clock.time + 1_000]];
  const chunk = { tenant: 't', channel: 'c', texts: { 0: ['{}'] }, receivers };
  // The platform may run a chunk twice: then somebody is gone already.
  for (let times = 0; times < 2; times++) await fanOutRoute(deps)(chunk);
  expect([...calls].sort()).toEqual(granted('fanOut'));
});

test('presence calls what it may', async () => {
  const { deps, caller, clock, sockets } = createDurableWorld();
  const watcher = caller('g1');
  await connect(deps, watcher);
  const { agentId, tokenExpiresAt: expiresAt } = watcher;
  const watching = { agentId, level: 0, echo: true, expiresAt };
  for (const id of ['g1', 'g2'])
    await deps.connections.putSubscription('t', '$presence', { ...watching, connectionId: id });
  for (const connectionId of ['g2', 'g3']) await connect(deps, caller(connectionId, { agentId: 'g' }));
  const { departure } = await deps.agents.removeConnection('t', watcher.agentId, 'g1');
  clock.time += 11_000;
  sockets.closed.add('g1');
  calls.clear();
  const route = presenceRoute({
    ...deps,
    rateLimits: { ...deps.rateLimits, agentWork: { perSecond: 1, burst: 1 } },
  });
  const order = { tenantId: 't', presence: departure! };
  await route({ ...encodePresenceJob({ ...order, reason: 'disconnected', sendAt: clock.time }) });
  expect(deps.log.lines.at(-1)).toMatchObject({ event: 'presence_told', fields: { gone: 1 } });
  await route({ ...encodePresenceJob({ ...order, reason: 'changed', sendAt: undefined }) });
  expect([...calls].sort()).toEqual(granted('presence'));
});

test('sweep calls what it may', async () => {
  const { deps, caller, clock, sockets } = createDurableWorld();
  const tablesOfSweep = { connections: tables.connectionTable, agents: tables.agentTable };
  // One row a page: then there is a place to go on from.
  const store = new DynamoSweepStore(clients.calls, tablesOfSweep, clock, 5_000, 1);
  for (const id of ['s1', 's2', 's3']) await connect(deps, caller(id, { agentId: `agent-${id}` }));
  clock.time += 11 * 60_000;
  sockets.closed.add('s1');
  await deps.agents.removeConnection('t', 'agent-s2', 's2');
  await deps.connections.removeSubscription('t', 'c', 's2');
  calls.clear();
  const run = (ms: number) => sweep({ ...deps, sweep: store }, new Deadline(clock, clock.time + ms));
  const { whole, ...counts } = await run(115_000);
  expect([whole, counts.repaired, counts.gone]).toEqual([true, 1, expect.any(Number) as unknown]);
  const agents = store.agents.bind(store);
  // Reading takes all the time that it may.
  store.agents = async function* () {
    yield* agents(false);
    // A scan may be behind: this one has left meanwhile.
    yield [{ tenantId: 't', agentId: 'agent-s1', connectionIds: ['s1'], isKnown: true }];
    clock.time += 46_000;
  };
  expect((await run(115_000)).whole).toBe(false);
  store.agents = agents;
  await run(115_000);
  expect([...calls].sort()).toEqual(granted('sweep'));
});

test('revoke calls what it may', async () => {
  const { deps, caller, sockets } = createDurableWorld();
  for (const id of ['r1', 'r2', 'r3']) await connect(deps, caller(id, { agentId: id === 'r3' ? 's' : 'r' }));
  calls.clear();
  const route = revokeRoute({ ...deps, sender: sockets, maxTokenMs: 1_000 });
  const order = { tenant_id: 't', agent_id: 'r' };
  expect(await route({ ...order, action: 'revoke' })).toEqual({ closed: 2 });
  await route({ ...order, action: 'unrevoke' });
  await route({ tenant_id: 't', action: 'kick' });
  const erasing = eraseRoute({
    ...deps,
    sender: sockets,
    maxTokenMs: 1_000,
    directory: new DynamoChannelDirectory(clients.calls, tables.connectionTable, deps.clock),
    erasure: new DynamoErasureStore(
      clients.calls,
      { messages: tables.messageTable, agents: tables.agentTable },
      5_000,
    ),
    failedEvents: new MemoryFailedEvents(deps.clock),
    ownFunction: 'revoke',
    keptDays: { logs: 30, auditLog: 365, failureQueue: 1, backups: 0 },
  });
  const row = { sequence: 1, epoch: 'e', nonce: 'n', id: 'm', agentId: 'r', isRetry: false };
  // What puts the row is no call of the function.
  const others = createDynamoClients();
  await new DynamoHistoryStore(others, tables.messageTable, deps.log).tryPut('t/inbox/r', {
    ...row,
    timestamp: deps.clock.now(),
    expiresAt: deps.clock.now() + 1_000,
    body: '{"content":1}',
  });
  others.calls.destroy();
  others.singleAttempt.destroy();
  // Other tests have left more.
  expect(await erasing({ action: 'erase', tenant_id: 't' })).toHaveProperty('messages');
  expect([...calls].sort()).toEqual(granted('revoke'));
});

test('an erasure calls of the failure queue what it may', async () => {
  const { deps } = createDurableWorld();
  const event = (agent: string) => JSON.stringify({ requestPayload: { tenant: 't', agent } });
  const Messages = ['r', 's'].map((agent) => ({
    MessageId: agent,
    ReceiptHandle: agent,
    Body: event(agent),
  }));
  const answers = [{ Messages }];
  const server = createServer((request, response) => {
    const operation = String(request.headers['x-amz-target']).replace('AmazonSQS.', '');
    // IAM has no actions for batches.
    calls.add(`sqs:${operation.replace(/Batch$/, '')} on <FailureQueue>`);
    const Attributes = { ApproximateNumberOfMessagesNotVisible: '1' };
    const Successful = [{ Id: '0' }];
    request.resume();
    response.end(
      JSON.stringify({ Successful, Attributes, ...(operation === 'ReceiveMessage' && answers.shift()) }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/1/failures`;
  const failedEvents = new SqsFailedEvents(url, { AWS_REGION: 'eu-north-1' });
  const scope = { tenantId: 't', agentId: 'r' };
  const deadline = new Deadline(deps.clock, deps.clock.monotonic() + 9_000);
  expect(await eraseFailedEvents({ failedEvents, log: deps.log }, scope, deadline)).toEqual({
    removed: 1,
    isComplete: true,
  });
  server.close();
  server.closeAllConnections();
  // Lambda itself sends the failed events, with the role of the function.
  const mayClear = grantsOf(template, 'revoke').filter((grant) => /^sqs:(?!Send)/.test(grant));
  expect([...calls].sort()).toEqual(mayClear);
});

test('inbox calls what it may', async () => {
  const { deps, clock } = createDurableWorld();
  const target = { tenantId: 't', agentId: 'f', connectionId: 'f1' };
  const missed = { tenantId: 't', agentId: 'f', sequence: 1, expiresAt: clock.time };
  const row = { sequence: 1, epoch: 'e', nonce: 'n', id: 'm', agentId: 'a', isRetry: false };
  await deps.history.tryPut('t/inbox/f', {
    ...row,
    timestamp: clock.time,
    expiresAt: clock.time + 1_000,
    body: '{"content":1}',
  });
  await deps.agents.recordMissed(missed, undefined);
  const { inboxMark: mark } = await deps.agents.addConnection('t', 'f', 'f1', 9);
  await deps.agents.recordMissed(missed, undefined);
  calls.clear();
  const deliver = (messages: readonly unknown[]) => Promise.resolve(messages.length);
  const outcome = await pushInbox(deps, target, mark!, deliver, new Deadline(clock, clock.time + 9_000));
  expect(outcome).toEqual({ kind: 'settled', taken: 1, gaps: [] });
  expect([...calls].sort()).toEqual(granted('inbox'));
});
