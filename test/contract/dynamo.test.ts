/** The stores' promises, kept by the DynamoDB stores. */
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { DynamoAgentStore } from '../../lambda/adapters/dynamo-agent-store';
import { createDynamoClients, type DynamoClients } from '../../lambda/adapters/dynamo-calls';
import { DynamoConnectionStore } from '../../lambda/adapters/dynamo-connection-store';
import { DynamoHistoryStore } from '../../lambda/adapters/dynamo-history-store';
import { systemClock } from '../../lambda/adapters/system-clock';
import { FakeLog } from '../lambda/world';
import { agentStoreSuite } from './agent-store.suite';
import { connectionStoreSuite } from './connection-store.suite';
import { historyStoreSuite } from './history-store.suite';
import { type LocalTables, startLocalTables } from './local-tables';

let tables: LocalTables;
let clients: DynamoClients;

beforeAll(async () => {
  tables = await startLocalTables();
  clients = createDynamoClients();
}, 30_000);

afterAll(async () => {
  clients.calls.destroy();
  clients.singleAttempt.destroy();
  await tables.stop();
});

describe('DynamoConnectionStore', () => {
  connectionStoreSuite(() => new DynamoConnectionStore(clients.calls, tables.connectionTable));
});

describe('DynamoAgentStore', () => {
  agentStoreSuite(() => ({
    store: new DynamoAgentStore(clients.calls, tables.agentTable, systemClock),
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

describe('DynamoHistoryStore', () => {
  historyStoreSuite(() => new DynamoHistoryStore(clients, tables.messageTable, new FakeLog()));
});
