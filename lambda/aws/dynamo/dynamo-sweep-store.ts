/**
 * The sweep's view of ConnectionTable and AgentTable: scans, and a row with the place where a run stopped.
 */
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  ScanCommand,
  type ScanCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { agentTable, connectionTable } from '../../contract';
import type { Clock } from '../../shared/ports';
import type { Connection, Subscription } from '../../shared/stores/connection-store';
import {
  parseRevocationSubject,
  parseSubject,
  parseTenantUsageSubject,
  sweepSubject,
} from '../../shared/subjects';
import type { AgentName } from '../../shared/stores/agent-store';
import type {
  StoredCursor,
  RevocationRow,
  SubscriptionRow,
  SweepCursor,
  SweepPage,
  SweepStore,
  SweptAgent,
  TenantCountsRow,
} from '../../shared/stores/sweep-store';
import { isUnannounced } from './agents/dynamo-agent-item';
import { countsOf, countsRow } from './dynamo-tenant-usage';
import { guarded, isConditionFailure, timer } from './dynamo-calls';
import { revocationRow, type RevocationItem } from './dynamo-revocation-store';
import {
  type ConnectionItem,
  subscriptionItem,
  type SubscriptionItem,
  toConnection,
} from './dynamo-connection-store';

const cursorKey = { [connectionTable.partitionKey]: sweepSubject, [connectionTable.sortKey]: 'cursor' };
/** A place that nobody has gone on from for so long is forgotten: the next run begins at the beginning. */
const cursorSeconds = 86_400;

interface CursorItem {
  readonly next?: string;
  readonly place?: number;
  readonly reached?: number;
}

type Key = Record<string, unknown>;

export class DynamoSweepStore implements SweepStore {
  /** `pageRows`: default as many as one call reads, 1 MB. */
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tables: { readonly connections: string; readonly agents: string },
    private readonly clock: Pick<Clock, 'now'>,
    private readonly callMs: number,
    private readonly pageRows?: number,
  ) {}

  async *pages(after: string | undefined): AsyncGenerator<SweepPage> {
    const start = after === undefined ? undefined : (JSON.parse(after) as Key);
    for await (const { items, next } of this.scan({ TableName: this.tables.connections }, start)) {
      const connections: Connection[] = [];
      const subscriptions: SubscriptionRow[] = [];
      const revocations: RevocationRow[] = [];
      const tenantCounts: TenantCountsRow[] = [];
      for (const item of items) {
        const subject = String(item[connectionTable.partitionKey]);
        const about = parseSubject(subject);
        const revoked = about === undefined ? parseRevocationSubject(subject) : undefined;
        const user = about === undefined ? parseTenantUsageSubject(subject) : undefined;
        if (user !== undefined && item[connectionTable.sortKey] === countsRow)
          tenantCounts.push({ tenantId: user, counts: countsOf(item) });
        else if (revoked !== undefined)
          revocations.push(revocationRow(revoked, item as unknown as RevocationItem));
        else if (about === 'connection') connections.push(toConnection(item as unknown as ConnectionItem));
        else if (about !== undefined) {
          const { connection_id: connectionId, ttl } = item as unknown as SubscriptionItem;
          subscriptions.push({ ...about, connectionId, expiresAt: ttl * 1_000 });
        }
      }
      yield { connections, subscriptions, revocations, tenantCounts, next: next && JSON.stringify(next) };
    }
  }

  async *agents(all: boolean): AsyncGenerator<readonly SweptAgent[]> {
    const query = {
      TableName: this.tables.agents,
      FilterExpression: `attribute_exists(connections) OR (${all ? '' : 'attribute_not_exists(#version) AND '}#ttl > :now)`,
      ProjectionExpression: '#tenant, #agent, connections, #version',
      ExpressionAttributeNames: {
        '#tenant': agentTable.partitionKey,
        '#agent': agentTable.sortKey,
        '#version': 'version',
        '#ttl': agentTable.ttl,
      },
      ExpressionAttributeValues: { ':now': Math.floor(this.clock.now() / 1_000) },
    };
    for await (const { items } of this.scan(query, undefined)) {
      yield items.map((item) => ({
        tenantId: String(item[agentTable.partitionKey]),
        agentId: String(item[agentTable.sortKey]),
        connectionIds: [...((item.connections as ReadonlySet<string> | undefined) ?? [])],
        isKnown: item.version !== undefined,
      }));
    }
  }

  async *sleepers(): AsyncGenerator<readonly AgentName[]> {
    const query = {
      TableName: this.tables.agents,
      FilterExpression: `attribute_exists(inbox_from) AND attribute_not_exists(connections) AND ${isUnannounced}`,
      ProjectionExpression: '#tenant, #agent',
      ExpressionAttributeNames: {
        '#tenant': agentTable.partitionKey,
        '#agent': agentTable.sortKey,
        '#version': 'version',
      },
    };
    for await (const { items } of this.scan(query, undefined)) {
      yield items.map((item) => ({
        tenantId: String(item[agentTable.partitionKey]),
        agentId: String(item[agentTable.sortKey]),
      }));
    }
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

  async cursor(): Promise<StoredCursor> {
    const get = new GetCommand({ TableName: this.tables.connections, Key: cursorKey, ConsistentRead: true });
    const { Item: item } = await guarded(this.client.send(get, timer(this.callMs)));
    const { next: page, place, reached } = (item ?? {}) as CursorItem;
    return { page, place, reached };
  }

  async moveCursor({ page, place, reached }: SweepCursor): Promise<void> {
    const ttl = Math.floor(this.clock.now() / 1_000) + cursorSeconds;
    const Item = { ...cursorKey, next: page, place, reached, [connectionTable.ttl]: ttl };
    const put = new PutCommand({ TableName: this.tables.connections, Item });
    await guarded(this.client.send(put, timer(this.callMs)));
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

/** Runs a conditional write whose condition need not hold. */
async function ifPossible(call: Promise<unknown>): Promise<void> {
  try {
    await guarded(call);
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
  }
}
