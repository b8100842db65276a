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
import { agentTable } from '../../contract';
import type { AgentView } from '../../shared/agent-store';
import { type AgentItem, handledOf, inboxMarkOf, recordOf } from './dynamo-agent-item';
import { guarded, isConditionFailure, timer } from './dynamo-calls';

/** Items of one read. */
const agentsPerPage = 500;

export type AgentUpdate = Pick<
  UpdateCommandInput,
  'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

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
    };
  }

  /** The items of a tenant in the order of the bytes of their agent ids, after `after`. Strongly consistent. */
  async *pages(tenantId: string, after: string | undefined): AsyncGenerator<readonly AgentItem[]> {
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
      yield (page.Items ?? []) as AgentItem[];
      start = page.LastEvaluatedKey;
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
