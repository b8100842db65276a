/**
 * ConnectionTable: a connection's own row (`connection/{id}`) and its subscriptions (`{tenant}/channel/{channel}`).
 * Attribute names are short, and defaults are left out: every fan-out pays for reading them.
 */
import {
  BatchGetCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  QueryCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { connectionTable } from '../../contract';
import type {
  ChannelsOutcome,
  Connection,
  ConnectionStore,
  Subscription,
} from '../../shared/stores/connection-store';
import { Unavailable } from '../../shared/ports';
import { channelSubject, connectionSubject } from '../../shared/subjects';
import { askedTwice, defaultCallMs, guarded, isConditionFailure, timer } from './dynamo-calls';

/** How long a row outlives its connection, so that whatever was left behind can still be repaired from it. */
const repairMs = 24 * 3_600_000;
const batchGetKeys = 100;
const batchGetRounds = 5;

export interface ConnectionItem {
  readonly connection_id: string;
  readonly tenant: string;
  readonly agent: string;
  readonly channels?: ReadonlySet<string>;
  readonly level: number;
  readonly echo?: false;
  /** Epoch milliseconds. */
  readonly connected_at: number;
  readonly expires_at: number;
  /** Epoch milliseconds. */
  readonly token_issued_at?: number;
  readonly token_id?: string;
}

export interface SubscriptionItem {
  readonly connection_id: string;
  readonly agent: string;
  readonly level: number;
  readonly echo?: false;
  /** Epoch seconds: when the subscription stops receiving, and when DynamoDB may delete it. */
  readonly ttl: number;
}

export class DynamoConnectionStore implements ConnectionStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly callMs = defaultCallMs,
  ) {}

  async putConnection(connection: Connection): Promise<void> {
    const { connectionId, tenantId, agentId, channels, level, echo, connectedAt, expiresAt } = connection;
    const { tokenIssuedAt, tokenId } = connection;
    const item = {
      ...connectionKey(connectionId),
      tenant: tenantId,
      agent: agentId,
      // DynamoDB knows no empty set.
      ...(channels.length === 0 ? {} : { channels: new Set(channels) }),
      level,
      ...(echo ? {} : { echo }),
      connected_at: connectedAt,
      expires_at: expiresAt,
      ...(tokenIssuedAt !== undefined && { token_issued_at: tokenIssuedAt }),
      ...(tokenId !== undefined && { token_id: tokenId }),
      [connectionTable.ttl]: seconds(expiresAt + repairMs),
    };
    await guarded(
      this.client.send(new PutCommand({ TableName: this.table, Item: item }), timer(this.callMs)),
    );
  }

  async getConnections(connectionIds: readonly string[]): Promise<Connection[]> {
    const items = await this.batchGet([...new Set(connectionIds)].map(connectionKey));
    return (items as unknown as ConnectionItem[]).map(toConnection);
  }

  async addChannels(
    connectionId: string,
    channelIds: readonly string[],
    limit: number,
  ): Promise<ChannelsOutcome> {
    // A set grows by at most as many as are added; near the limit the row tells whether they are in it already.
    const room = limit - channelIds.length;
    const first = await this.tryAddChannels(connectionId, channelIds, room);
    if (first !== undefined) return first;
    const [row] = await this.getConnections([connectionId]);
    if (row === undefined) return { outcome: 'unknown' };
    const { channels } = row;
    if (channelIds.length === 0) return { outcome: 'added', channels, added: [] };
    if (new Set([...channels, ...channelIds]).size > limit) return { outcome: 'full' };
    const second = await this.tryAddChannels(connectionId, channelIds, limit);
    return second ?? { outcome: 'unknown' };
  }

  async removeChannel(connectionId: string, channelId: string): Promise<void> {
    await this.updateRow(connectionId, {
      UpdateExpression: 'DELETE channels :set',
      ConditionExpression: 'attribute_exists(#subject)',
      ExpressionAttributeNames: { '#subject': connectionTable.partitionKey },
      ExpressionAttributeValues: { ':set': new Set([channelId]) },
    });
  }

  async removeConnection(connectionId: string): Promise<void> {
    await this.remove(connectionKey(connectionId));
  }

  async missingSubscriptions(
    tenantId: string,
    channelIds: readonly string[],
    connectionId: string,
  ): Promise<readonly string[]> {
    const keys = channelIds.map((channelId) => subscriptionKey(tenantId, channelId, connectionId));
    const found = new Set((await this.batchGet(keys)).map((item) => item[connectionTable.partitionKey]));
    return channelIds.filter((channelId) => !found.has(channelSubject(tenantId, channelId)));
  }

  async putSubscription(tenantId: string, channelId: string, subscription: Subscription): Promise<void> {
    const item = subscriptionItem(tenantId, channelId, subscription);
    await guarded(
      this.client.send(new PutCommand({ TableName: this.table, Item: item }), timer(this.callMs)),
    );
  }

  async removeSubscription(tenantId: string, channelId: string, connectionId: string): Promise<void> {
    await this.remove(subscriptionKey(tenantId, channelId, connectionId));
  }

  async *subscribers(
    tenantId: string,
    channelId: string,
    consistent: boolean,
  ): AsyncGenerator<readonly Subscription[]> {
    let start: Record<string, unknown> | undefined;
    do {
      const page = await askedTwice(() => {
        const query = new QueryCommand({
          TableName: this.table,
          KeyConditionExpression: '#subject = :subject',
          ExpressionAttributeNames: { '#subject': connectionTable.partitionKey },
          ExpressionAttributeValues: { ':subject': channelSubject(tenantId, channelId) },
          ConsistentRead: consistent,
          ExclusiveStartKey: start,
        });
        return this.client.send(query, timer(this.callMs));
      });
      // A page may be empty and still have a next one.
      yield ((page.Items ?? []) as SubscriptionItem[]).map(toSubscription);
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }

  async hasSubscribers(tenantId: string, channelId: string): Promise<boolean> {
    const query = new QueryCommand({
      TableName: this.table,
      KeyConditionExpression: '#subject = :subject',
      ExpressionAttributeNames: { '#subject': connectionTable.partitionKey },
      ExpressionAttributeValues: { ':subject': channelSubject(tenantId, channelId) },
      ConsistentRead: true,
      Limit: 1,
    });
    const page = await guarded(this.client.send(query, timer(this.callMs)));
    return (page.Items ?? []).length > 0;
  }

  /** `undefined` without a row, without room, and without channels to add: DynamoDB knows no empty set. */
  private async tryAddChannels(
    connectionId: string,
    channelIds: readonly string[],
    room: number,
  ): Promise<ChannelsOutcome | undefined> {
    if (channelIds.length === 0) return undefined;
    const updated = await this.updateRow(connectionId, {
      UpdateExpression: 'ADD channels :set',
      ConditionExpression:
        'attribute_exists(#subject) AND (attribute_not_exists(channels) OR size(channels) <= :room)',
      ExpressionAttributeNames: { '#subject': connectionTable.partitionKey },
      ExpressionAttributeValues: { ':set': new Set(channelIds), ':room': room },
      ReturnValues: 'UPDATED_OLD',
    });
    if (updated === undefined) return undefined;
    const before = updated.channels ?? new Set<string>();
    const added = [...new Set(channelIds)].filter((channelId) => !before.has(channelId));
    return { outcome: 'added', channels: [...before, ...added], added };
  }

  /** The items that are there, in no order. Strongly consistent. */
  private async batchGet(
    wanted: readonly Record<string, unknown>[],
  ): Promise<readonly Record<string, unknown>[]> {
    const found: Record<string, unknown>[] = [];
    let keys = [...wanted];
    for (let round = 0; keys.length > 0; round++) {
      if (round > batchGetRounds + wanted.length / batchGetKeys)
        throw new Unavailable('DynamoDB keeps keys back');
      const asked = keys.slice(0, batchGetKeys);
      const request = { RequestItems: { [this.table]: { Keys: asked, ConsistentRead: true } } };
      const answer = await guarded(this.client.send(new BatchGetCommand(request), timer(this.callMs)));
      found.push(...(answer.Responses?.[this.table] ?? []));
      keys = [...(answer.UnprocessedKeys?.[this.table]?.Keys ?? []), ...keys.slice(batchGetKeys)];
    }
    return found;
  }

  /** The attributes that were asked for; `undefined` when the condition did not hold. */
  private async updateRow(
    connectionId: string,
    update: Omit<UpdateCommandInput, 'TableName' | 'Key'>,
  ): Promise<Partial<ConnectionItem> | undefined> {
    try {
      const command = new UpdateCommand({
        TableName: this.table,
        Key: connectionKey(connectionId),
        ...update,
      });
      return (await guarded(this.client.send(command, timer(this.callMs)))).Attributes ?? {};
    } catch (error) {
      if (isConditionFailure(error)) return undefined;
      throw error;
    }
  }

  private async remove(key: Record<string, string>): Promise<void> {
    await guarded(
      this.client.send(new DeleteCommand({ TableName: this.table, Key: key }), timer(this.callMs)),
    );
  }
}

export function connectionKey(connectionId: string): Record<string, string> {
  return {
    [connectionTable.partitionKey]: connectionSubject(connectionId),
    [connectionTable.sortKey]: connectionId,
  };
}

export function subscriptionItem(
  tenantId: string,
  channelId: string,
  { connectionId, agentId, level, echo, expiresAt }: Subscription,
): Record<string, unknown> {
  return {
    ...subscriptionKey(tenantId, channelId, connectionId),
    agent: agentId,
    level,
    ...(echo ? {} : { echo }),
    [connectionTable.ttl]: seconds(expiresAt),
  };
}

function subscriptionKey(tenantId: string, channelId: string, connectionId: string): Record<string, string> {
  return {
    [connectionTable.partitionKey]: channelSubject(tenantId, channelId),
    [connectionTable.sortKey]: connectionId,
  };
}

export function toConnection(item: ConnectionItem): Connection {
  return {
    connectionId: item.connection_id,
    tenantId: item.tenant,
    agentId: item.agent,
    channels: [...(item.channels ?? [])],
    level: item.level,
    echo: item.echo ?? true,
    connectedAt: item.connected_at,
    expiresAt: item.expires_at,
    tokenIssuedAt: item.token_issued_at,
    tokenId: item.token_id,
  };
}

function toSubscription(item: SubscriptionItem): Subscription {
  return {
    connectionId: item.connection_id,
    agentId: item.agent,
    level: item.level,
    echo: item.echo ?? true,
    expiresAt: item.ttl * 1_000,
  };
}

function seconds(epochMs: number): number {
  return Math.floor(epochMs / 1_000);
}
