/** Erases rows of MessageTable and items of AgentTable. A class of its own, so that no other function carries it. */
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  QueryCommand,
  type QueryCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { agentTable, messageTable } from '../../../contract';
import type { ErasurePage, ErasureStore } from '../../../shared/stores/erasure-store';
import { guarded, isConditionFailure, timer } from '../dynamo-calls';
import { key } from '../message-item';

const rowsPerPage = 200;
const agentsPerPage = 500;

export class DynamoErasureStore implements ErasureStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tables: { readonly messages: string; readonly agents: string },
    private readonly callMs: number,
  ) {}

  async *messages(subject: string, after: number, agentId: string | undefined): AsyncGenerator<ErasurePage> {
    const query: QueryCommandInput = {
      TableName: this.tables.messages,
      KeyConditionExpression: '#subject = :subject AND #sequence > :after',
      FilterExpression: conditionOf(agentId),
      ProjectionExpression: '#sequence',
      ExpressionAttributeNames: {
        '#subject': messageTable.partitionKey,
        '#sequence': messageTable.sortKey,
        ...namesOf(agentId),
      },
      // Row 0 is about the log, and names nobody.
      ExpressionAttributeValues: { ':subject': subject, ':after': Math.max(0, after), ...valuesOf(agentId) },
      ConsistentRead: true,
      Limit: rowsPerPage,
    };
    let start: Record<string, unknown> | undefined;
    do {
      const command = new QueryCommand({ ...query, ExclusiveStartKey: start });
      const page = await guarded(this.client.send(command, timer(this.callMs)));
      const sequences = (page.Items ?? []).map((item) => Number(item[messageTable.sortKey]));
      start = page.LastEvaluatedKey;
      yield { sequences, last: Number(start?.[messageTable.sortKey] ?? sequences.at(-1) ?? after) };
    } while (start !== undefined);
  }

  async eraseMessage(subject: string, sequence: number, agentId: string | undefined): Promise<boolean> {
    const command = new UpdateCommand({
      TableName: this.tables.messages,
      Key: key(subject, sequence),
      // Empty texts, because a function of an earlier release reads these attributes too.
      UpdateExpression:
        'SET #agent = :none, #id = :none, #nonce = :none, #body = :none, #erased = :true REMOVE #retry, #crc',
      ConditionExpression: `attribute_exists(#sequence) AND ${conditionOf(agentId)}`,
      ExpressionAttributeNames: {
        '#sequence': messageTable.sortKey,
        '#agent': 'agent',
        '#id': 'id',
        '#nonce': 'nonce',
        '#body': 'body',
        '#retry': 'retry',
        '#crc': 'crc',
        ...namesOf(agentId),
      },
      ExpressionAttributeValues: { ':none': '', ':true': true, ...valuesOf(agentId) },
    });
    return this.hasHeld(this.client.send(command, timer(this.callMs)));
  }

  async *agentIds(tenantId: string, after: string | undefined): AsyncGenerator<readonly string[]> {
    let start: Record<string, unknown> | undefined =
      after === undefined ? undefined : agentKey(tenantId, after);
    do {
      const command = new QueryCommand({
        TableName: this.tables.agents,
        KeyConditionExpression: '#tenant = :tenant',
        ProjectionExpression: '#agent',
        ExpressionAttributeNames: { '#tenant': agentTable.partitionKey, '#agent': agentTable.sortKey },
        ExpressionAttributeValues: { ':tenant': tenantId },
        ConsistentRead: true,
        ExclusiveStartKey: start,
        Limit: agentsPerPage,
      });
      const page = await guarded(this.client.send(command, timer(this.callMs)));
      yield (page.Items ?? []).map((item) => String(item[agentTable.sortKey]));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }

  async removeAgent(tenantId: string, agentId: string): Promise<'removed' | 'absent' | 'connected'> {
    const command = new DeleteCommand({
      TableName: this.tables.agents,
      Key: agentKey(tenantId, agentId),
      ConditionExpression: 'attribute_not_exists(connections)',
      ReturnValues: 'ALL_OLD',
    });
    try {
      const answer = await guarded(this.client.send(command, timer(this.callMs)));
      return answer.Attributes === undefined ? 'absent' : 'removed';
    } catch (error) {
      if (isConditionFailure(error)) return 'connected';
      throw error;
    }
  }

  private async hasHeld(call: Promise<unknown>): Promise<boolean> {
    try {
      await guarded(call);
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw error;
    }
  }
}

function conditionOf(agentId: string | undefined): string {
  return `attribute_not_exists(#erased)${agentId === undefined ? '' : ' AND #agent = :agent'}`;
}

function namesOf(agentId: string | undefined): Record<string, string> {
  return { '#erased': 'erased', ...(agentId !== undefined && { '#agent': 'agent' }) };
}

function valuesOf(agentId: string | undefined): Record<string, string> {
  return agentId === undefined ? {} : { ':agent': agentId };
}

function agentKey(tenantId: string, agentId: string): Record<string, string> {
  return { [agentTable.partitionKey]: tenantId, [agentTable.sortKey]: agentId };
}
