/**
 * Reads and updates single items of AgentTable. Shared by the parts of the agent store.
 */
import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { agentTable } from '../../../contract';
import type { AgentView } from '../../../shared/stores/agent-store';
import { type AgentItem, handledOf, inboxMarkOf, recordOf } from './dynamo-agent-item';
import { guarded, isConditionFailure, timer } from '../dynamo-calls';

/** Items of one read. */
const agentsPerPage = 500;

export type AgentUpdate = Pick<
  UpdateCommandInput,
  'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

export interface AgentFilter {
  readonly FilterExpression: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, unknown>>;
}

export interface ItemsPage {
  readonly items: readonly AgentItem[];
  /** The id of the last one that was read, whether it has passed the filter or not. */
  readonly last: string | undefined;
}

export class DynamoAgentTable {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly callMs: number,
  ) {}

  /** Strongly consistent. */
  async get(tenantId: string, agentId: string): Promise<AgentView> {
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
      announcedFor: item.announced,
      wakeClaimedAt: item.announce_at,
    };
  }

  /** The items of a tenant that pass the filter, in the order of the bytes of their agent ids, after `after`. Strongly consistent. */
  async *pages(tenantId: string, after: string | undefined, filter: AgentFilter): AsyncGenerator<ItemsPage> {
    let start: Record<string, unknown> | undefined = after === undefined ? undefined : key(tenantId, after);
    do {
      const query = new QueryCommand({
        TableName: this.table,
        KeyConditionExpression: '#tenant = :tenant',
        FilterExpression: filter.FilterExpression,
        ExpressionAttributeNames: { '#tenant': agentTable.partitionKey, ...filter.names },
        ExpressionAttributeValues: { ':tenant': tenantId, ...filter.values },
        ConsistentRead: true,
        ExclusiveStartKey: start,
        Limit: agentsPerPage,
      });
      const page = await guarded(this.client.send(query, timer(this.callMs)));
      const items = (page.Items ?? []) as AgentItem[];
      start = page.LastEvaluatedKey;
      yield { items, last: (start?.[agentTable.sortKey] as string | undefined) ?? items.at(-1)?.agent_id };
    } while (start !== undefined);
  }

  /** The item after the update; `undefined` when the condition did not hold. */
  async update(tenantId: string, agentId: string, update: AgentUpdate): Promise<AgentItem | undefined> {
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

function key(tenantId: string, agentId: string): Record<string, string> {
  return { [agentTable.partitionKey]: tenantId, [agentTable.sortKey]: agentId };
}
