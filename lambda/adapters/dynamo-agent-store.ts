/**
 * AgentTable: one item per agent. Every change of the set of live connections, of the status and of the version is one
 * conditional update, so that any order of concurrent connects and disconnects ends in a true status.
 */
import {
  type DynamoDBDocumentClient,
  GetCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { agentTable } from '../contract';
import { type AddOutcome, type AgentStore, type Clock, Unavailable } from '../core/ports';
import { defaultCallMs, guarded, isConditionFailure, timer } from './dynamo-calls';

/** How long an offline agent's item is kept. */
const offlineSeconds = 30 * 86_400;
/** Others change the set at the same time; each round that fails means that one of them succeeded. */
const rounds = 50;

type Update = Pick<
  UpdateCommandInput,
  'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

export class DynamoAgentStore implements AgentStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly clock: Clock,
    private readonly callMs = defaultCallMs,
  ) {}

  async addConnection(
    tenantId: string,
    agentId: string,
    connectionId: string,
    limit: number,
  ): Promise<AddOutcome> {
    for (let round = 0; round < rounds; round++) {
      const isAdded = await this.update(tenantId, agentId, {
        // The version starts at the time, so that it also grows across a deletion of the item.
        UpdateExpression:
          'ADD connections :set SET #version = if_not_exists(#version, :now) + :one, #status = :online REMOVE #ttl',
        ConditionExpression:
          '(NOT contains(connections, :id)) AND (attribute_not_exists(connections) OR size(connections) < :limit)',
        ExpressionAttributeNames: { '#version': 'version', '#status': 'status', '#ttl': agentTable.ttl },
        ExpressionAttributeValues: {
          ':set': new Set([connectionId]),
          ':id': connectionId,
          ':limit': limit,
          ':now': this.clock.now(),
          ':one': 1,
          ':online': 'online',
        },
      });
      if (isAdded) return 'added';
      const ids = await this.connectionIds(tenantId, agentId);
      if (ids.includes(connectionId)) return 'present';
      if (ids.length >= limit) return 'full';
    }
    throw new Unavailable('The agent changes too fast');
  }

  async removeConnection(tenantId: string, agentId: string, connectionId: string): Promise<boolean> {
    for (let round = 0; round < rounds; round++) {
      if (await this.removeLast(tenantId, agentId, connectionId)) return true;
      if (await this.removeOneOfSeveral(tenantId, agentId, connectionId)) return true;
      if (!(await this.connectionIds(tenantId, agentId)).includes(connectionId)) return false;
    }
    throw new Unavailable('The agent changes too fast');
  }

  async connectionIds(tenantId: string, agentId: string): Promise<readonly string[]> {
    const get = new GetCommand({
      TableName: this.table,
      Key: key(tenantId, agentId),
      ConsistentRead: true,
      ProjectionExpression: 'connections',
    });
    const { Item: item } = await guarded(this.client.send(get, timer(this.callMs)));
    return [...((item?.connections as ReadonlySet<string> | undefined) ?? [])];
  }

  private removeLast(tenantId: string, agentId: string, connectionId: string): Promise<boolean> {
    const now = this.clock.now();
    return this.update(tenantId, agentId, {
      UpdateExpression: 'REMOVE connections SET #version = #version + :one, #status = :offline, #ttl = :ttl',
      ConditionExpression: 'contains(connections, :id) AND size(connections) = :one',
      ExpressionAttributeNames: { '#version': 'version', '#status': 'status', '#ttl': agentTable.ttl },
      ExpressionAttributeValues: {
        ':id': connectionId,
        ':one': 1,
        ':offline': 'offline',
        ':ttl': Math.floor(now / 1_000) + offlineSeconds,
      },
    });
  }

  private removeOneOfSeveral(tenantId: string, agentId: string, connectionId: string): Promise<boolean> {
    return this.update(tenantId, agentId, {
      UpdateExpression: 'DELETE connections :set SET #version = #version + :one',
      ConditionExpression: 'contains(connections, :id) AND size(connections) > :one',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':set': new Set([connectionId]), ':id': connectionId, ':one': 1 },
    });
  }

  /** Whether the condition held. */
  private async update(tenantId: string, agentId: string, update: Update): Promise<boolean> {
    try {
      const command = new UpdateCommand({ TableName: this.table, Key: key(tenantId, agentId), ...update });
      await guarded(this.client.send(command, timer(this.callMs)));
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw error;
    }
  }
}

function key(tenantId: string, agentId: string): Record<string, string> {
  return { [agentTable.partitionKey]: tenantId, [agentTable.sortKey]: agentId };
}
