/**
 * Looks into the tables of a running gateway: what is left of a tenant or an agent after its connections have ended.
 */
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  paginateScan,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Gateway } from '../../gateway/index';
import { agentTable, connectionTable, messageTable } from '../../lambda/contract';
import { channelSubject, tenantRateSubject } from '../../lambda/shared/subjects';

/** In keys of ConnectionTable: the counters of the limits and the directory of channels, which stay when a connection ends. */
const lasting = ['rate', 'units', 'refused', 'directory'];

export type Row = Readonly<Record<string, unknown>>;

export interface Presence {
  readonly status: unknown;
  readonly connectionIds: readonly string[];
}

export interface Tables {
  /** Rows of ConnectionTable: connections of the tenant and its subscriptions, not what outlives them. */
  connectionRows(tenant: string): Promise<Row[]>;
  /** The item of AgentTable; `undefined` for an agent that was never seen. */
  presence(tenant: string, agent: string): Promise<Presence | undefined>;
  /** The inbox mark of the agent. */
  inboxFrom(tenant: string, agent: string): Promise<unknown>;
  /** Rows of MessageTable: the logs of the tenant's channels and inboxes. */
  messageRows(tenant: string): Promise<Row[]>;
  /** Every item of AgentTable. */
  agents(): Promise<Row[]>;
  /** Overwrites the body of a stored message, as a fault of the store would. */
  damage(tenant: string, channel: string, sequence: number): Promise<void>;
  /** Puts the common counter of the tenant's rate to a time, epoch milliseconds. */
  setUsedUntil(tenant: string, usedUntil: number): Promise<void>;
  /** Takes the subscriptions of the channel away, as a removal does that ends in the middle. */
  loseSubscriptions(tenant: string, channel: string): Promise<void>;
  /** Takes the table away, so that whatever needs it fails. */
  drop(table: 'agent' | 'message'): Promise<void>;
  close(): void;
}

export function tablesOf(gateway: Gateway): Tables {
  // Scripts outside of jest want no notice about Node 20 between their figures either.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const client = new DynamoDBClient({
    endpoint: gateway.endpoints.dynamodb,
    region: 'us-east-1',
    credentials: { accessKeyId: 'LAPTOPGATEWAY', secretAccessKey: 'laptop' },
  });
  const documents = DynamoDBDocumentClient.from(client);
  const { ConnectionTableName, AgentTableName, MessageTableName } = gateway.outputs;

  const scan = async (table: string | undefined): Promise<Row[]> => {
    const rows: Row[] = [];
    const pages = paginateScan({ client: documents }, { TableName: table, ConsistentRead: true });
    for await (const page of pages) rows.push(...((page.Items ?? []) as Row[]));
    return rows;
  };

  const agentItem = async (tenant: string, agent: string): Promise<Row | undefined> => {
    const Key = { [agentTable.partitionKey]: tenant, [agentTable.sortKey]: agent };
    return (await documents.send(new GetCommand({ TableName: AgentTableName, Key, ConsistentRead: true })))
      .Item;
  };

  return {
    connectionRows: async (tenant) =>
      (await scan(ConnectionTableName)).filter((row) => {
        const subject = String(row[connectionTable.partitionKey]);
        const isLasting = lasting.some((kind) => subject.startsWith(`${tenant}/${kind}/`));
        return row.tenant === tenant || (subject.startsWith(`${tenant}/`) && !isLasting);
      }),
    presence: async (tenant, agent) => {
      const item = await agentItem(tenant, agent);
      return (
        item && {
          status: item.status,
          connectionIds: [...((item.connections as Set<string> | undefined) ?? [])],
        }
      );
    },
    inboxFrom: async (tenant, agent) => (await agentItem(tenant, agent))?.inbox_from,
    messageRows: async (tenant) =>
      (await scan(MessageTableName)).filter((row) =>
        String(row[messageTable.partitionKey]).startsWith(`${tenant}/`),
      ),
    agents: () => scan(AgentTableName),
    damage: async (tenant, channel, sequence) => {
      const update = new UpdateCommand({
        TableName: MessageTableName,
        Key: {
          [messageTable.partitionKey]: channelSubject(tenant, channel),
          [messageTable.sortKey]: sequence,
        },
        UpdateExpression: 'SET #body = :body',
        ExpressionAttributeNames: { '#body': 'body' },
        ExpressionAttributeValues: { ':body': '{"type":"message","content":"forged"}' },
      });
      await documents.send(update);
    },
    loseSubscriptions: async (tenant, channel) => {
      const subject = channelSubject(tenant, channel);
      for (const row of await scan(ConnectionTableName)) {
        const { [connectionTable.partitionKey]: rowSubject, [connectionTable.sortKey]: id } = row;
        if (rowSubject !== subject) continue;
        const Key = { [connectionTable.partitionKey]: subject, [connectionTable.sortKey]: id };
        await documents.send(new DeleteCommand({ TableName: ConnectionTableName, Key }));
      }
    },
    setUsedUntil: async (tenant, usedUntil) => {
      const Key = {
        [connectionTable.partitionKey]: tenantRateSubject(tenant),
        [connectionTable.sortKey]: 'rate',
      };
      const update = {
        UpdateExpression: 'SET used_until = :at',
        ExpressionAttributeValues: { ':at': usedUntil },
      };
      await documents.send(new UpdateCommand({ TableName: ConnectionTableName, Key, ...update }));
    },
    drop: async (table) => {
      const TableName = table === 'agent' ? AgentTableName : MessageTableName;
      await client.send(new DeleteTableCommand({ TableName }));
    },
    close: () => {
      client.destroy();
    },
  };
}
