/** The three tables on a DynamoDB engine: dynalite in this process, or the one that DYNAMODB_ENDPOINT names. */
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { agentTable, connectionTable, messageTable } from '../../lambda/contract';

export interface LocalTables {
  readonly connectionTable: string;
  readonly agentTable: string;
  readonly messageTable: string;
  stop(): Promise<void>;
}

const sortKeyTypes = { ConnectionTable: 'S', AgentTable: 'S', MessageTable: 'N' } as const;

/** Sets the environment that the SDK reads, so that the stores make their clients as they do on Lambda. */
export async function startLocalTables(): Promise<LocalTables> {
  const given = process.env.DYNAMODB_ENDPOINT;
  const server = given === undefined ? await startDynalite() : undefined;
  process.env.AWS_ENDPOINT_URL_DYNAMODB =
    given ?? `http://127.0.0.1:${String((server?.address() as AddressInfo).port)}`;
  process.env.AWS_REGION = 'us-east-1';
  process.env.AWS_ACCESS_KEY_ID = 'local';
  process.env.AWS_SECRET_ACCESS_KEY = 'local';

  const suffix = randomUUID();
  const client = new DynamoDBClient();
  const create = async (name: keyof typeof sortKeyTypes, keys: { partitionKey: string; sortKey: string }) => {
    const TableName = `${name}-${suffix}`;
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: keys.partitionKey, AttributeType: 'S' },
          { AttributeName: keys.sortKey, AttributeType: sortKeyTypes[name] },
        ],
        KeySchema: [
          { AttributeName: keys.partitionKey, KeyType: 'HASH' },
          { AttributeName: keys.sortKey, KeyType: 'RANGE' },
        ],
      }),
    );
    await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }, { TableName });
    return TableName;
  };
  const tables = {
    connectionTable: await create('ConnectionTable', connectionTable),
    agentTable: await create('AgentTable', agentTable),
    messageTable: await create('MessageTable', messageTable),
  };
  client.destroy();
  return {
    ...tables,
    stop: async () => {
      if (server === undefined) return;
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

/** The package has no types; this is all that we use of it. */
const dynalite = createRequire(__filename)('dynalite') as (options: { createTableMs: number }) => Server;

async function startDynalite(): Promise<Server> {
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}
