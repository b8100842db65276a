/** The stores' promises, kept by the DynamoDB stores. */
import { randomUUID } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import {
  BatchWriteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  type UpdateCommand,
  type UpdateCommandOutput,
} from '@aws-sdk/lib-dynamodb';
import { DynamoAgentStore } from '../../lambda/aws/dynamo/agents/dynamo-agent-store';
import { meterCapacity } from '../../lambda/aws/dynamo/consumed-capacity';
import { createDynamoClients, type DynamoClients } from '../../lambda/aws/dynamo/dynamo-calls';
import { DynamoConnectionStore } from '../../lambda/aws/dynamo/dynamo-connection-store';
import { DynamoHistoryStore } from '../../lambda/aws/dynamo/dynamo-history-store';
import { DynamoRevocationStore } from '../../lambda/aws/dynamo/dynamo-revocation-store';
import { DynamoSweepStore } from '../../lambda/aws/dynamo/dynamo-sweep-store';
import { DynamoRateCounter } from '../../lambda/aws/dynamo/dynamo-rate-counter';
import { DynamoTenantUsage } from '../../lambda/aws/dynamo/dynamo-tenant-usage';
import { DynamoErasureStore } from '../../lambda/aws/dynamo/erasure/dynamo-erasure-store';
import { queryAgents } from '../../lambda/frames/presence';
import type { MessageRow } from '../../lambda/shared/stores/history-store';
import { WorkMeter, workUnits } from '../../lambda/shared/work-meter';
import { sweepSubject, tenantRateSubject } from '../../lambda/shared/subjects';
import { systemClock } from '../../lambda/aws/system-clock';
import { connectionTable as connectionTableKeys } from '../../lambda/contract';
import { FakeLog } from '../lambda/world';
import { agentStoreSuite } from './agent-store.suite';
import { collect } from './collect';
import { connectionStoreSuite } from './connection-store.suite';
import { erasureStoreSuite } from './erasure-store.suite';
import { type Damage, historyStoreSuite } from './history-store.suite';
import { type LocalTables, startLocalTables } from './local-tables';
import { rateCounterSuite } from './rate-counter.suite';
import { revocationStoreSuite } from './revocation-store.suite';
import { sweepStoreSuite } from './sweep-store.suite';
import { tenantUsageSuite } from './tenant-usage.suite';

/** The engine shares a busy machine with other tests; how long a call may take is not what is asked here. */
const callMs = 10_000;

let tables: LocalTables;
let clients: DynamoClients;

beforeAll(async () => {
  tables = await startLocalTables();
  clients = createDynamoClients();
});

afterAll(async () => {
  clients.calls.destroy();
  clients.singleAttempt.destroy();
  await tables.stop();
});

describe('DynamoConnectionStore', () => {
  connectionStoreSuite(() => new DynamoConnectionStore(clients.calls, tables.connectionTable, callMs));
});

describe('DynamoErasureStore', () => {
  erasureStoreSuite(() => ({
    store: new DynamoErasureStore(
      clients.calls,
      { messages: tables.messageTable, agents: tables.agentTable },
      callMs,
    ),
    history: new DynamoHistoryStore(clients, tables.messageTable, new FakeLog(), callMs),
    agents: new DynamoAgentStore(clients.calls, tables.agentTable, systemClock, callMs),
  }));
});

describe('DynamoAgentStore', () => {
  agentStoreSuite(() => ({
    store: new DynamoAgentStore(clients.calls, tables.agentTable, systemClock, callMs),
    inspect: async (tenantId, agentId) => {
      const command = new GetCommand({
        TableName: tables.agentTable,
        Key: { tenant_id: tenantId, agent_id: agentId },
        ConsistentRead: true,
      });
      const { Item: item } = await clients.calls.send(command);
      return item as { status: string; version: number } | undefined;
    },
  }));
});

describe('DynamoSweepStore', () => {
  sweepStoreSuite(() => {
    const { connectionTable, agentTable } = tables;
    return {
      connections: new DynamoConnectionStore(clients.calls, connectionTable, callMs),
      agents: new DynamoAgentStore(clients.calls, agentTable, systemClock, callMs),
      revocations: new DynamoRevocationStore(clients.calls, connectionTable, callMs),
      usage: new DynamoTenantUsage(clients.calls, connectionTable, systemClock, callMs),
      sweep: new DynamoSweepStore(
        clients.calls,
        { connections: connectionTable, agents: agentTable },
        systemClock,
        5_000,
        3,
      ),
    };
  });
});

test('DynamoSweepStore has the time from its clock, not from the machine', async () => {
  const { connectionTable, agentTable } = tables;
  const { calls } = clients;
  const tenantId = randomUUID();
  const daysAhead = { ...systemClock, now: () => Date.now() + 40 * 86_400_000 };
  const store = (clock: typeof systemClock) =>
    new DynamoSweepStore(calls, { connections: connectionTable, agents: agentTable }, clock, callMs);
  const found = async (clock: typeof systemClock) =>
    (await collect(store(clock).agents(false))).filter((agent) => agent.tenantId === tenantId);
  const missed = { tenantId, agentId: 'never', sequence: 1, expiresAt: Date.now() };
  await new DynamoAgentStore(calls, agentTable, systemClock, callMs).recordMissed(missed, undefined);
  expect(await found(systemClock)).toHaveLength(1);
  expect(await found(daysAhead)).toEqual([]);

  await store(daysAhead).moveCursor({ page: undefined, place: 1, reached: 2 });
  const Key = { [connectionTableKeys.partitionKey]: sweepSubject, [connectionTableKeys.sortKey]: 'cursor' };
  const { Item } = await calls.send(new GetCommand({ TableName: connectionTable, Key }));
  expect(Item?.[connectionTableKeys.ttl]).toBeGreaterThan(daysAhead.now() / 1_000);
});

test('a read that finds nothing is counted as AWS bills it', async () => {
  const work = new WorkMeter();
  const own = createDynamoClients((client) => {
    meterCapacity(client, work);
  });
  const { connectionTable, agentTable, messageTable } = tables;
  const connections = new DynamoConnectionStore(own.calls, connectionTable, callMs);
  const reads: readonly [() => Promise<unknown>, number][] = [
    [() => new DynamoHistoryStore(own, messageTable, new FakeLog(), callMs).head('t/channel/none'), 1],
    [() => new DynamoAgentStore(own.calls, agentTable, systemClock, callMs).getAgent('t', 'none'), 1],
    [() => collect(connections.subscribers('t', 'none', true)), 1],
    [() => collect(connections.subscribers('t', 'none', false)), 0.5],
  ];
  for (const [read, units] of reads) {
    work.reset();
    await read();
    expect(work.units).toBe(units * workUnits.readUnit);
  }
  own.calls.destroy();
  own.singleAttempt.destroy();
});

describe('3,000 agents that never connected', () => {
  const tenantId = randomUUID();
  const count = 3_000;
  const agents = () => new DynamoAgentStore(clients.calls, tables.agentTable, systemClock, callMs);

  beforeAll(async () => {
    const missed = { agentId: 'a0', sequence: 1, expiresAt: Date.now() + 3_600_000 };
    await agents().recordMissed({ tenantId, ...missed }, undefined);
    const Key = { tenant_id: tenantId, agent_id: 'a0' };
    const { Item } = await clients.calls.send(new GetCommand({ TableName: tables.agentTable, Key }));
    const ids = Array.from({ length: count - 1 }, (_, n) => `a${n + 1}`);
    for (let start = 0; start < ids.length; start += 25) {
      const puts = ids.slice(start, start + 25).map((agent_id) => ({
        PutRequest: { Item: { ...Item, agent_id } },
      }));
      await clients.calls.send(new BatchWriteCommand({ RequestItems: { [tables.agentTable]: puts } }));
    }
    for (const agentId of ['b1', 'b2', 'b3']) await agents().addConnection(tenantId, agentId, agentId, 1);
  });

  const query = { agentId: undefined, status: undefined, capability: undefined, online: undefined };
  const ask = (limit: number, after?: string) =>
    queryAgents({ agents: agents(), clock: systemClock, presenceGraceMs: 0 }, tenantId, {
      ...query,
      limit,
      after,
    });

  test('do not empty the first page of a presence query, nor the next one', async () => {
    const first = await ask(2);
    expect(first.agents.map(({ agentId }) => agentId)).toEqual(['b1', 'b2']);
    const second = await ask(2, first.next);
    expect(second.agents.map(({ agentId }) => agentId)).toEqual(['b3']);
    expect(second.next).toBeUndefined();
  });

  test('do not slow the sweep: all of them are in one page of its scan, and no call is made for one', async () => {
    const sweepTables = { connections: tables.connectionTable, agents: tables.agentTable };
    const send = jest.spyOn(clients.calls, 'send');
    const store = new DynamoSweepStore(clients.calls, sweepTables, systemClock, callMs);
    let found = 0;
    for await (const page of store.agents(false))
      found += page.filter((agent) => agent.tenantId === tenantId && !agent.isKnown).length;
    expect(found).toBe(count);
    expect(send).toHaveBeenCalledTimes(1);
    send.mockRestore();
  });
});

describe('DynamoHistoryStore', () => {
  const log = new FakeLog();
  const store = () => new DynamoHistoryStore(clients, tables.messageTable, log, callMs);

  /** What is stored instead. */
  const damaged: Record<Damage, { attribute: string; value: unknown }> = {
    body: { attribute: 'body', value: '{"content":3}' },
    'compressed body': { attribute: 'body', value: new Uint8Array([1, 2, 3]) },
    id: { attribute: 'id', value: 'id-3' },
    agent: { attribute: 'agent', value: 'somebody' },
    at: { attribute: 'at', value: 1 },
    epoch: { attribute: 'epoch', value: 'epoch-2' },
    crc: { attribute: 'crc', value: undefined },
  };
  const item = async (subject: string, sequence: number) => {
    const get = new GetCommand({ TableName: tables.messageTable, Key: { subject, sequence } });
    return (await clients.calls.send(get)).Item;
  };
  const damage = async (subject: string, sequence: number, what: Damage) => {
    const { attribute, value } = damaged[what];
    const Item = { ...(await item(subject, sequence)), [attribute]: value };
    await clients.calls.send(new PutCommand({ TableName: tables.messageTable, Item }));
  };

  historyStoreSuite(() => ({ store: store(), damage }));

  const row = (body: string): MessageRow => ({
    sequence: 1,
    epoch: 'e',
    nonce: 'n',
    id: 'i',
    agentId: 'a',
    isRetry: false,
    timestamp: 1_790_000_000_000,
    body,
    expiresAt: 1_790_086_400_000,
  });

  test('says in the log which row is damaged, and nothing of what it holds', async () => {
    await store().tryPut('t/channel/damaged', row('{"content":"secret"}'));
    await damage('t/channel/damaged', 1, 'at');
    log.lines.length = 0;
    await store().get('t/channel/damaged', 1);
    const fields = { subject: 't/channel/damaged', sequence: 1 };
    expect(log.lines).toEqual([{ event: 'row_damaged', fields }]);
  });

  test('takes a body that inflates without end for damaged', async () => {
    await store().tryPut('t/channel/bomb', row('{}'));
    const Item = { ...(await item('t/channel/bomb', 1)), body: deflateRawSync('x'.repeat(1_000_000)) };
    await clients.calls.send(new PutCommand({ TableName: tables.messageTable, Item }));
    expect((await store().get('t/channel/bomb', 1))?.body).toBeUndefined();
  });

  test('has rows deleted an hour after their expiry, and item 0 a day after its own', async () => {
    await store().tryPut('t/channel/ttl', row('{}'));
    await store().raiseCheckpoint('t/channel/ttl', { epoch: 'e', sequence: 1 }, 1_790_086_400_000);
    expect(await item('t/channel/ttl', 1)).toMatchObject({ ttl: 1_790_086_400 + 3_600 });
    expect(await item('t/channel/ttl', 0)).toMatchObject({ ttl: 1_790_086_400 + 86_400 });
  });

  test('finds item 0 with one call when the log has nothing else', async () => {
    await store().raiseCheckpoint('t/channel/one-call', { epoch: 'e', sequence: 1 }, 1_790_086_400_000);
    const send = jest.spyOn(clients.calls, 'send');
    expect((await store().head('t/channel/one-call')).checkpoint).toBeDefined();
    expect(send).toHaveBeenCalledTimes(1);
    send.mockRestore();
  });
});

describe('DynamoRateCounter', () => {
  rateCounterSuite(() => new DynamoRateCounter(clients.singleAttempt, tables.connectionTable));

  test('counts a use whose guess was wrong and whose row another one starts meanwhile', async () => {
    const subject = tenantRateSubject(randomUUID());
    const floor = 1_790_000_000_000;
    const ceiling = floor + 60_000;
    const other = new DynamoRateCounter(clients.singleAttempt, tables.connectionTable);
    const overtaken = overtakenAfterFirst(clients.singleAttempt, () =>
      other.add(subject, { usedMs: 10, floor, ceiling, isIdle: true }),
    );
    const counter = new DynamoRateCounter(overtaken, tables.connectionTable);
    expect(await counter.add(subject, { usedMs: 10, floor, ceiling, isIdle: false })).toBe(floor + 20);
  });
});

/** A client whose first call is refused by its condition, and which another one overtakes before the second call. */
function overtakenAfterFirst(
  client: DynamoDBDocumentClient,
  overtake: () => Promise<unknown>,
): DynamoDBDocumentClient {
  let calls = 0;
  const send = async (command: UpdateCommand, options: object): Promise<UpdateCommandOutput> => {
    calls += 1;
    if (calls === 2) await overtake();
    return client.send(command, options);
  };
  return { send } as unknown as DynamoDBDocumentClient;
}

describe('DynamoTenantUsage', () => {
  tenantUsageSuite(() => new DynamoTenantUsage(clients.calls, tables.connectionTable, systemClock, callMs));
});

describe('DynamoRevocationStore', () => {
  revocationStoreSuite(() => new DynamoRevocationStore(clients.calls, tables.connectionTable, callMs));
});
