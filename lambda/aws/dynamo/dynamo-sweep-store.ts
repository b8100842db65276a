/**
 * The sweep's view of ConnectionTable and AgentTable: scans, the time of the last check in a connection's row, and a row
 * with the place where a run stopped.
 */
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  ScanCommand,
  type ScanCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { agentTable, connectionTable } from '../../contract';
import type { Subscription } from '../../shared/connection-store';
import { parseSubject, sweepSubject } from '../../shared/subjects';
import type { ConnectedAgent } from '../../shared/agent-store';
import type { SubscriptionRow, SweepPage, SweepStore, SweptConnection } from '../../sweep/sweep-store';
import { guarded, isConditionFailure, timer } from './dynamo-calls';
import {
  connectionKey,
  type ConnectionItem,
  subscriptionItem,
  type SubscriptionItem,
  toConnection,
} from './dynamo-connection-store';

const cursorKey = { [connectionTable.partitionKey]: sweepSubject, [connectionTable.sortKey]: 'cursor' };
/** A place that nobody has gone on from for so long is forgotten: the next run begins at the beginning. */
const cursorSeconds = 86_400;

interface SweptItem extends ConnectionItem {
  readonly checked_at?: number;
}

type Key = Record<string, unknown>;

export class DynamoSweepStore implements SweepStore {
  /** `pageRows`: default as many as one call reads, 1 MB. */
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tables: { readonly connections: string; readonly agents: string },
    private readonly callMs: number,
    private readonly pageRows?: number,
  ) {}

  async *pages(after: string | undefined): AsyncGenerator<SweepPage> {
    const start = after === undefined ? undefined : (JSON.parse(after) as Key);
    for await (const { items, next } of this.scan({ TableName: this.tables.connections }, start)) {
      const connections: SweptConnection[] = [];
      const subscriptions: SubscriptionRow[] = [];
      for (const item of items) {
        const about = parseSubject(String(item[connectionTable.partitionKey]));
        if (about === 'connection') connections.push(toSwept(item as unknown as SweptItem));
        else if (about !== undefined) {
          const { connection_id: connectionId, ttl } = item as unknown as SubscriptionItem;
          subscriptions.push({ ...about, connectionId, expiresAt: ttl * 1_000 });
        }
      }
      yield { connections, subscriptions, next: next && JSON.stringify(next) };
    }
  }

  async *connectedAgents(): AsyncGenerator<readonly ConnectedAgent[]> {
    const query = {
      TableName: this.tables.agents,
      FilterExpression: 'attribute_exists(connections)',
      ProjectionExpression: '#tenant, #agent, connections',
      ExpressionAttributeNames: { '#tenant': agentTable.partitionKey, '#agent': agentTable.sortKey },
    };
    for await (const { items } of this.scan(query, undefined)) {
      yield items.map((item) => ({
        tenantId: String(item[agentTable.partitionKey]),
        agentId: String(item[agentTable.sortKey]),
        connectionIds: [...(item.connections as ReadonlySet<string>)],
      }));
    }
  }

  async markChecked(connectionId: string, at: number): Promise<void> {
    const update = new UpdateCommand({
      TableName: this.tables.connections,
      Key: connectionKey(connectionId),
      UpdateExpression: 'SET checked_at = :at',
      ConditionExpression: 'attribute_exists(#subject)',
      ExpressionAttributeNames: { '#subject': connectionTable.partitionKey },
      ExpressionAttributeValues: { ':at': at },
    });
    await ifPossible(this.client.send(update, timer(this.callMs)));
  }

  async restoreSubscription(tenantId: string, channelId: string, subscription: Subscription): Promise<void> {
    const put = new PutCommand({
      TableName: this.tables.connections,
      Item: subscriptionItem(tenantId, channelId, subscription),
      ConditionExpression: 'attribute_not_exists(#subject)',
      ExpressionAttributeNames: { '#subject': connectionTable.partitionKey },
    });
    await ifPossible(this.client.send(put, timer(this.callMs)));
  }

  async cursor(): Promise<string | undefined> {
    const get = new GetCommand({ TableName: this.tables.connections, Key: cursorKey, ConsistentRead: true });
    const { Item: item } = await guarded(this.client.send(get, timer(this.callMs)));
    return item?.next as string | undefined;
  }

  async moveCursor(to: string | undefined): Promise<void> {
    const TableName = this.tables.connections;
    if (to === undefined) {
      await guarded(this.client.send(new DeleteCommand({ TableName, Key: cursorKey }), timer(this.callMs)));
      return;
    }
    const ttl = Math.floor(Date.now() / 1_000) + cursorSeconds;
    const Item = { ...cursorKey, next: to, [connectionTable.ttl]: ttl };
    await guarded(this.client.send(new PutCommand({ TableName, Item }), timer(this.callMs)));
  }

  private async *scan(
    query: ScanCommandInput,
    start: Key | undefined,
  ): AsyncGenerator<{ readonly items: readonly Key[]; readonly next: Key | undefined }> {
    let next = start;
    do {
      const scan = new ScanCommand({ ...query, ExclusiveStartKey: next, Limit: this.pageRows });
      const page = await guarded(this.client.send(scan, timer(this.callMs)));
      next = page.LastEvaluatedKey;
      yield { items: page.Items ?? [], next };
    } while (next !== undefined);
  }
}

function toSwept(item: SweptItem): SweptConnection {
  return { ...toConnection(item), checkedAt: item.checked_at ?? item.connected_at };
}

/** Runs a conditional write whose condition need not hold. */
async function ifPossible(call: Promise<unknown>): Promise<void> {
  try {
    await guarded(call);
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
  }
}
