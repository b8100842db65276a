/**
 * AgentTable: one item per agent. Every change of the set of live connections, of the status and of the version is one
 * conditional update, so that any order of concurrent connects and disconnects ends in a true status. The inbox mark is
 * in the same item, so that one read or write sees both.
 */
import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { offline, online, type OwnPresence, type Position } from '../../../protocol/index';
import { agentTable } from '../../contract';
import type {
  AddResult,
  AgentEntry,
  AgentRecord,
  AgentStore,
  AgentView,
  InboxMark,
  MissedMessage,
  RemoveResult,
} from '../../shared/agent-store';
import { type Clock, Unavailable } from '../../shared/ports';
import { type AgentItem, handledOf, inboxMarkOf, recordOf } from './dynamo-agent-item';
import { defaultCallMs, guarded, isConditionFailure, timer } from './dynamo-calls';

/** How long an offline agent's item is kept. */
const offlineSeconds = 30 * 86_400;
/** DynamoDB rounds nothing up. */
const deletionMarginSeconds = 3_600;
/** Others change the set at the same time; each round that fails means that one of them succeeded. */
const rounds = 50;
/** Items of one read. */
const agentsPerPage = 500;

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
  ): Promise<AddResult> {
    for (let round = 0; round < rounds; round++) {
      const added = await this.update(tenantId, agentId, {
        // The version starts at the time, so that it also grows across a deletion of the item.
        UpdateExpression:
          'ADD connections :set SET #version = if_not_exists(#version, :now) + :one, #status = :online, changed_at = :now REMOVE #ttl',
        ConditionExpression:
          '(NOT contains(connections, :id)) AND (attribute_not_exists(connections) OR size(connections) < :limit)',
        ExpressionAttributeNames: { '#version': 'version', '#status': 'status', '#ttl': agentTable.ttl },
        ExpressionAttributeValues: {
          ':set': new Set([connectionId]),
          ':id': connectionId,
          ':limit': limit,
          ':now': this.clock.now(),
          ':one': 1,
          ':online': online,
        },
      });
      if (added !== undefined) {
        const arrival = added.connections?.size === 1 ? recordOf(agentId, added) : undefined;
        return { outcome: 'added', inboxMark: inboxMarkOf(added), arrival };
      }
      const { connectionIds, inboxMark } = await this.getAgent(tenantId, agentId);
      const unchanged = { inboxMark, arrival: undefined };
      if (connectionIds.includes(connectionId)) return { outcome: 'present', ...unchanged };
      if (connectionIds.length >= limit) return { outcome: 'full', ...unchanged };
    }
    throw new Unavailable('The agent changes too fast');
  }

  async removeConnection(tenantId: string, agentId: string, connectionId: string): Promise<RemoveResult> {
    for (let round = 0; round < rounds; round++) {
      const left = await this.removeLast(tenantId, agentId, connectionId);
      if (left !== undefined) return { changed: true, departure: recordOf(agentId, left) };
      const isRemoved = (await this.removeOneOfSeveral(tenantId, agentId, connectionId)) !== undefined;
      if (isRemoved || !(await this.connectionIds(tenantId, agentId)).includes(connectionId))
        return { changed: isRemoved, departure: undefined };
    }
    throw new Unavailable('The agent changes too fast');
  }

  async setPresence(
    tenantId: string,
    agentId: string,
    connectionId: string,
    { status, capabilities }: OwnPresence,
  ): Promise<AgentRecord | undefined> {
    const set = await this.update(tenantId, agentId, {
      UpdateExpression: [
        'SET #version = #version + :one, changed_at = :now',
        ...(status === undefined ? [] : ['said = :status']),
        ...(capabilities === undefined ? [] : ['capabilities = :capabilities']),
      ].join(', '),
      ConditionExpression: 'contains(connections, :id)',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: {
        ':one': 1,
        ':now': this.clock.now(),
        ':id': connectionId,
        ...(status !== undefined && { ':status': status }),
        ...(capabilities !== undefined && { ':capabilities': capabilities }),
      },
    });
    return set && recordOf(agentId, set);
  }

  async markAnnounced(tenantId: string, agentId: string, version: number): Promise<boolean> {
    const noted = await this.update(tenantId, agentId, {
      UpdateExpression: 'SET told = :version',
      ConditionExpression: '#version = :version AND attribute_not_exists(connections)',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':version': version },
    });
    return noted !== undefined;
  }

  async *agents(tenantId: string, after: string | undefined): AsyncGenerator<readonly AgentEntry[]> {
    let start: Record<string, unknown> | undefined = after === undefined ? undefined : key(tenantId, after);
    do {
      const query = new QueryCommand({
        TableName: this.table,
        KeyConditionExpression: '#tenant = :tenant',
        ExpressionAttributeNames: { '#tenant': agentTable.partitionKey },
        ExpressionAttributeValues: { ':tenant': tenantId },
        ConsistentRead: true,
        ExclusiveStartKey: start,
        Limit: agentsPerPage,
      });
      const page = await guarded(this.client.send(query, timer(this.callMs)));
      const now = this.clock.now() / 1_000;
      // What has expired is deleted at some time; one that counts as connected has no business to expire.
      const isKept = ({ connections, ttl = Infinity }: AgentItem): boolean =>
        connections !== undefined || ttl > now;
      yield ((page.Items ?? []) as AgentItem[]).map((item) => {
        const { agent_id: agentId = '' } = item;
        return { agentId, record: isKept(item) ? recordOf(agentId, item) : undefined };
      });
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }

  async connectionIds(tenantId: string, agentId: string): Promise<readonly string[]> {
    return (await this.getAgent(tenantId, agentId)).connectionIds;
  }

  async getAgent(tenantId: string, agentId: string): Promise<AgentView> {
    const get = new GetCommand({ TableName: this.table, Key: key(tenantId, agentId), ConsistentRead: true });
    const answer = await guarded(this.client.send(get, timer(this.callMs)));
    const item: AgentItem = answer.Item ?? {};
    return {
      connectionIds: [...(item.connections ?? [])],
      version: item.version,
      inboxMark: inboxMarkOf(item),
      handled: handledOf(item),
      expiresAt: item.ttl === undefined ? undefined : item.ttl * 1_000,
      record: recordOf(agentId, item),
    };
  }

  async recordMissed(missed: MissedMessage, seen: AgentView | undefined): Promise<boolean> {
    const { tenantId, agentId, sequence, expiresAt } = missed;
    const isCovered = (seen?.inboxMark?.from ?? Infinity) <= sequence;
    const forms = [
      { set: 'inbox_from = :from, ', condition: 'attribute_not_exists(inbox_from) OR inbox_from > :from' },
      { set: '', condition: 'inbox_from <= :from' },
    ];
    for (let round = 0; round < rounds; round++) {
      for (const { set, condition } of isCovered ? forms.toReversed() : forms) {
        const noted = await this.update(tenantId, agentId, {
          UpdateExpression: `SET ${set}inbox_count = if_not_exists(inbox_count, :zero) + :one, #ttl = :ttl`,
          ConditionExpression: `(${condition})${unchangedSince(seen)}`,
          ExpressionAttributeNames: {
            '#ttl': agentTable.ttl,
            ...(seen !== undefined && { '#version': 'version' }),
          },
          ExpressionAttributeValues: {
            ':from': sequence,
            ':zero': 0,
            ':one': 1,
            // Also on an agent that counts as online: whoever adds a connection takes it away, and none lives for so long.
            ':ttl': Math.max(this.offlineUntil(), Math.ceil(expiresAt / 1_000) + deletionMarginSeconds),
            ...(seen?.version !== undefined && { ':version': seen.version }),
          },
        });
        if (noted !== undefined) return true;
      }
      // Between the two forms only the mark can have moved, unless the set has changed.
      if (seen !== undefined && (await this.getAgent(tenantId, agentId)).version !== seen.version)
        return false;
    }
    throw new Unavailable('The agent changes too fast');
  }

  async settleMark(
    tenantId: string,
    agentId: string,
    connectionId: string,
    mark: InboxMark,
    to?: number,
  ): Promise<boolean> {
    const settled = await this.update(tenantId, agentId, {
      UpdateExpression: to === undefined ? 'REMOVE inbox_from' : 'SET inbox_from = :to',
      ConditionExpression: 'inbox_from = :from AND inbox_count = :count AND contains(connections, :id)',
      ExpressionAttributeValues: {
        ':from': mark.from,
        ':count': mark.count,
        ':id': connectionId,
        ...(to !== undefined && { ':to': to }),
      },
    });
    return settled !== undefined;
  }

  async saveHandled(
    tenantId: string,
    agentId: string,
    { epoch, sequence }: Position,
    retentionMs: number,
    isFirst: boolean,
  ): Promise<void> {
    const condition = isFirst
      ? 'attribute_not_exists(handled_epoch)'
      : '(attribute_not_exists(handled_epoch) OR handled_epoch <> :epoch OR handled_sequence < :sequence)';
    await this.update(tenantId, agentId, {
      UpdateExpression: 'SET handled_epoch = :epoch, handled_sequence = :sequence, kept_for = :seconds',
      ConditionExpression: `attribute_exists(#version) AND ${condition}`,
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: {
        ':epoch': epoch,
        ':sequence': sequence,
        ':seconds': Math.max(offlineSeconds, Math.ceil(retentionMs / 1_000) + deletionMarginSeconds),
      },
    });
  }

  private removeLast(
    tenantId: string,
    agentId: string,
    connectionId: string,
  ): Promise<AgentItem | undefined> {
    return this.update(tenantId, agentId, {
      UpdateExpression:
        'SET #version = #version + :one, #status = :offline, #ttl = if_not_exists(kept_for, :kept) + :seconds, changed_at = :now, left_at = :now, said_before = if_not_exists(said, :online) REMOVE connections, said',
      ConditionExpression: 'contains(connections, :id) AND size(connections) = :one',
      ExpressionAttributeNames: { '#version': 'version', '#status': 'status', '#ttl': agentTable.ttl },
      ExpressionAttributeValues: {
        ':id': connectionId,
        ':one': 1,
        ':now': this.clock.now(),
        ':online': online,
        ':offline': offline,
        ':kept': offlineSeconds,
        ':seconds': Math.floor(this.clock.now() / 1_000),
      },
    });
  }

  private removeOneOfSeveral(
    tenantId: string,
    agentId: string,
    connectionId: string,
  ): Promise<AgentItem | undefined> {
    return this.update(tenantId, agentId, {
      UpdateExpression: 'DELETE connections :set SET #version = #version + :one, changed_at = :now',
      ConditionExpression: 'contains(connections, :id) AND size(connections) > :one',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: {
        ':set': new Set([connectionId]),
        ':id': connectionId,
        ':one': 1,
        ':now': this.clock.now(),
      },
    });
  }

  private offlineUntil(): number {
    return Math.floor(this.clock.now() / 1_000) + offlineSeconds;
  }

  /** The item as it is after the update; `undefined` when the condition did not hold. */
  private async update(tenantId: string, agentId: string, update: Update): Promise<AgentItem | undefined> {
    try {
      const command = new UpdateCommand({
        TableName: this.table,
        Key: key(tenantId, agentId),
        ...update,
        ReturnValues: 'ALL_NEW',
      });
      const answer = await guarded(this.client.send(command, timer(this.callMs)));
      return answer.Attributes ?? {};
    } catch (error) {
      if (isConditionFailure(error)) return undefined;
      throw error;
    }
  }
}

function unchangedSince(seen: AgentView | undefined): string {
  if (seen === undefined) return '';
  return seen.version === undefined ? ' AND attribute_not_exists(#version)' : ' AND #version = :version';
}

function key(tenantId: string, agentId: string): Record<string, string> {
  return { [agentTable.partitionKey]: tenantId, [agentTable.sortKey]: agentId };
}
