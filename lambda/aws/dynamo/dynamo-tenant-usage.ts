/**
 * What tenants use: a small row each in ConnectionTable for what the sweep counts, and one for each day. The former is forgotten after a
 * day, and written again by the next sweep.
 */
import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { connectionTable } from '../../contract';
import type { Clock } from '../../shared/ports';
import type { DailyUse, TenantCounts, TenantUsageStore } from '../../shared/stores/tenant-usage';
import { tenantUsageSubject } from '../../shared/subjects';
import { defaultCallMs, guarded, isConditionFailure, timer } from './dynamo-calls';

/** Sort key of what the sweep counts. */
export const countsRow = 'counts';
const keptSeconds = 86_400;
/** A row of a day; the day may have just begun. */
const dayKeptSeconds = 2 * 86_400;

export interface CountsItem {
  readonly connections?: number;
  readonly agents?: number;
  readonly unknown_agents?: number;
}

export function countsOf(item: CountsItem): TenantCounts {
  const { connections = 0, agents = 0, unknown_agents: unknownAgents = 0 } = item;
  return { connections, agents, unknownAgents };
}

export class DynamoTenantUsage implements TenantUsageStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly callMs = defaultCallMs,
  ) {}

  async counts(tenantId: string): Promise<TenantCounts> {
    const get = new GetCommand({ TableName: this.table, Key: keyOf(tenantId, countsRow) });
    const { Item: item } = await guarded(this.client.send(get, timer(this.callMs)));
    return countsOf((item ?? {}) as CountsItem);
  }

  async addUnknownAgent(tenantId: string, limit: number): Promise<boolean> {
    const command = new UpdateCommand({
      TableName: this.table,
      Key: keyOf(tenantId, countsRow),
      UpdateExpression: 'ADD unknown_agents :one SET #ttl = :ttl',
      ConditionExpression: 'attribute_not_exists(unknown_agents) OR unknown_agents < :limit',
      ExpressionAttributeNames: { '#ttl': connectionTable.ttl },
      ExpressionAttributeValues: { ':one': 1, ':limit': limit, ':ttl': this.after(keptSeconds) },
    });
    try {
      await guarded(this.client.send(command, timer(this.callMs)));
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw error;
    }
  }

  async putCounts(tenantId: string, { connections, agents, unknownAgents }: TenantCounts): Promise<void> {
    const row: CountsItem = { connections, agents, unknown_agents: unknownAgents };
    const Item = { ...keyOf(tenantId, countsRow), ...row, [connectionTable.ttl]: this.after(keptSeconds) };
    await guarded(this.client.send(new PutCommand({ TableName: this.table, Item }), timer(this.callMs)));
  }

  async addDailyUse(
    tenantId: string,
    date: string,
    { storedBytes, deliveries }: DailyUse,
  ): Promise<DailyUse> {
    const command = new UpdateCommand({
      TableName: this.table,
      Key: keyOf(tenantId, date),
      UpdateExpression: 'ADD stored_bytes :bytes, deliveries :deliveries SET #ttl = :ttl',
      ExpressionAttributeNames: { '#ttl': connectionTable.ttl },
      ExpressionAttributeValues: {
        ':bytes': storedBytes,
        ':deliveries': deliveries,
        ':ttl': this.after(dayKeptSeconds),
      },
      ReturnValues: 'UPDATED_NEW',
    });
    const { Attributes: sums = {} } = await guarded(this.client.send(command, timer(this.callMs)));
    return { storedBytes: Number(sums.stored_bytes), deliveries: Number(sums.deliveries) };
  }

  private after(seconds: number): number {
    return Math.floor(this.clock.now() / 1_000) + seconds;
  }
}

function keyOf(tenantId: string, row: string): Record<string, string> {
  return { [connectionTable.partitionKey]: tenantUsageSubject(tenantId), [connectionTable.sortKey]: row };
}
