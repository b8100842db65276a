/**
 * AgentTable: one item per agent. Every change of the set of live connections, of the status and of the version is one
 * conditional update, so that any order of concurrent connects and disconnects ends in a true status. The inbox mark is
 * in the same item, so that one read or write sees both.
 */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { offline, online, type OwnPresence, type Position } from '../../../../protocol/index';
import { agentTable } from '../../../contract';
import type {
  AddResult,
  AgentEntry,
  AgentRecord,
  AgentStore,
  AgentView,
  ConnectedAgent,
  InboxMark,
  MissedMessage,
  RemoveResult,
  WakeClaim,
} from '../../../shared/stores/agent-store';
import { afterObservers } from '../../../shared/subjects';
import { type Clock, Unavailable } from '../../../shared/ports';
import { type AgentItem, inboxMarkOf, offlineSeconds, recordOf } from './dynamo-agent-item';
import { DynamoAgentTable } from './dynamo-agent-table';
import { defaultCallMs } from '../dynamo-calls';
import { DynamoInboxAttributes } from './dynamo-inbox-attributes';

/** A failed round means that another write to the item succeeded. */
const maxRounds = 50;

export class DynamoAgentStore implements AgentStore {
  private readonly table: DynamoAgentTable;
  private readonly inbox: DynamoInboxAttributes;

  constructor(
    client: DynamoDBDocumentClient,
    tableName: string,
    private readonly clock: Clock,
    callMs = defaultCallMs,
  ) {
    this.table = new DynamoAgentTable(client, tableName, callMs);
    this.inbox = new DynamoInboxAttributes(this.table, clock);
  }

  async addConnection(
    tenantId: string,
    agentId: string,
    connectionId: string,
    limit: number,
    mayBeNew = true,
  ): Promise<AddResult> {
    for (let round = 0; round < maxRounds; round++) {
      const added = await this.table.update(tenantId, agentId, {
        // The version starts at the time, so that it also grows across a deletion of the item.
        UpdateExpression:
          'ADD connections :set SET #version = if_not_exists(#version, :now) + :one, #status = :online, changed_at = :now REMOVE #ttl',
        ConditionExpression: `(NOT contains(connections, :id)) AND (attribute_not_exists(connections) OR size(connections) < :limit)${mayBeNew ? '' : ' AND attribute_exists(#version)'}`,
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
      const { connectionIds, inboxMark, version } = await this.getAgent(tenantId, agentId);
      const unchanged = { inboxMark, arrival: undefined };
      if (connectionIds.includes(connectionId)) return { outcome: 'present', ...unchanged };
      if (version === undefined && !mayBeNew) return { outcome: 'unknown', ...unchanged };
      if (connectionIds.length >= limit) return { outcome: 'full', ...unchanged };
    }
    throw new Unavailable('The agent changes too fast');
  }

  async removeConnection(tenantId: string, agentId: string, connectionId: string): Promise<RemoveResult> {
    for (let round = 0; round < maxRounds; round++) {
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
    const set = await this.table.update(tenantId, agentId, {
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
    const noted = await this.table.update(tenantId, agentId, {
      UpdateExpression: 'SET told = :version',
      ConditionExpression: '#version = :version AND attribute_not_exists(connections)',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':version': version },
    });
    return noted !== undefined;
  }

  async *agents(tenantId: string, after: string | undefined): AsyncGenerator<readonly AgentEntry[]> {
    const pages = this.table.pages(tenantId, after ?? afterObservers, {
      // DynamoDB deletes expired items late. An agent with connections does not expire.
      FilterExpression:
        'attribute_exists(#version) AND (attribute_exists(connections) OR attribute_not_exists(#ttl) OR #ttl > :now)',
      names: { '#version': 'version', '#ttl': agentTable.ttl },
      values: { ':now': this.clock.now() / 1_000 },
    });
    for await (const { items, last } of pages) {
      const entries = items.map((item) => {
        const { agent_id: agentId = '' } = item;
        return { agentId, record: recordOf(agentId, item) };
      });
      const isLastKnown = last === undefined || entries.at(-1)?.agentId === last;
      yield isLastKnown ? entries : [...entries, { agentId: last, record: undefined }];
    }
  }

  async *connectedAgents(tenantId: string): AsyncGenerator<readonly ConnectedAgent[]> {
    const pages = this.table.pages(tenantId, undefined, {
      FilterExpression: 'attribute_exists(connections)',
    });
    for await (const { items } of pages) {
      yield items.flatMap(({ agent_id: agentId = '', connections = new Set<string>() }) =>
        connections.size === 0 ? [] : [{ tenantId, agentId, connectionIds: [...connections] }],
      );
    }
  }

  async connectionIds(tenantId: string, agentId: string): Promise<readonly string[]> {
    return (await this.getAgent(tenantId, agentId)).connectionIds;
  }

  getAgent(tenantId: string, agentId: string): Promise<AgentView> {
    return this.table.get(tenantId, agentId);
  }

  recordMissed(missed: MissedMessage, seen: AgentView | undefined): Promise<boolean> {
    return this.inbox.recordMissed(missed, seen);
  }

  settleMark(
    tenantId: string,
    agentId: string,
    connectionId: string,
    mark: InboxMark,
    to?: number,
  ): Promise<boolean> {
    return this.inbox.settleMark(tenantId, agentId, connectionId, mark, to);
  }

  claimWake(tenantId: string, agentId: string, pauseMs: number): Promise<WakeClaim | undefined> {
    return this.inbox.claimWake(tenantId, agentId, pauseMs);
  }

  markWoken(claim: WakeClaim): Promise<void> {
    return this.inbox.markWoken(claim);
  }

  saveHandled(
    tenantId: string,
    agentId: string,
    handled: Position,
    retentionMs: number,
    isFirst: boolean,
  ): Promise<void> {
    return this.inbox.saveHandled(tenantId, agentId, handled, retentionMs, isFirst);
  }

  private removeLast(
    tenantId: string,
    agentId: string,
    connectionId: string,
  ): Promise<AgentItem | undefined> {
    return this.table.update(tenantId, agentId, {
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
    return this.table.update(tenantId, agentId, {
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
}
