/**
 * MessageTable: the log of a channel or an inbox, one row per message. Bodies are text, or compressed when that is cheaper
 * to write; never a DynamoDB map, which stops at 32 levels and at numbers of 38 digits.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { GetCommand, PutCommand, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { messageTable } from '../contract';
import type { HistoryStore, LogEntry, LogRow, PutOutcome, StoredRow } from '../core/ports';
import {
  defaultCallMs,
  type DynamoClients,
  guarded,
  isConditionFailure,
  isTransient,
  timer,
} from './dynamo-calls';

const compressedFromBytes = 2_048;
const pageRows = 100;

/** Bodies are large, have to be inflated, and tell nothing about places. */
const withoutBody = ['sequence', 'epoch', 'nonce', 'id', 'agent', 'at', 'expires_at'];
/** DynamoDB deletes whole seconds too early otherwise, and a late deletion costs little. */
const deletionMarginSeconds = 3_600;

interface EntryItem {
  readonly sequence: number;
  readonly epoch: string;
  readonly nonce: string;
  readonly id: string;
  readonly agent: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly expires_at: number;
}

interface MessageItem extends EntryItem {
  readonly body: string | Uint8Array;
}

export class DynamoHistoryStore implements HistoryStore {
  constructor(
    private readonly clients: DynamoClients,
    private readonly table: string,
    private readonly callMs = defaultCallMs,
  ) {}

  async head(subject: string): Promise<LogEntry | undefined> {
    const page = await guarded(
      this.clients.calls.send(new QueryCommand(this.descending(subject, 1)), timer(this.callMs)),
    );
    return (page.Items as EntryItem[] | undefined)?.map(toEntry)[0];
  }

  async get(subject: string, sequence: number): Promise<LogRow | undefined> {
    const command = new GetCommand({
      TableName: this.table,
      Key: key(subject, sequence),
      ConsistentRead: true,
    });
    const { Item: item } = await guarded(this.clients.calls.send(command, timer(this.callMs)));
    return item === undefined ? undefined : toRow(item as MessageItem);
  }

  async tryPut(subject: string, row: LogRow): Promise<PutOutcome> {
    const { sequence, epoch, nonce, id, agentId, timestamp, body, expiresAt } = row;
    const item = {
      ...key(subject, sequence),
      epoch,
      nonce,
      id,
      agent: agentId,
      at: timestamp,
      expires_at: expiresAt,
      body: Buffer.byteLength(body) > compressedFromBytes ? deflateRawSync(body) : body,
      [messageTable.ttl]: Math.ceil(expiresAt / 1_000) + deletionMarginSeconds,
    };
    const command = new PutCommand({
      TableName: this.table,
      Item: item,
      ConditionExpression: 'attribute_not_exists(#sequence)',
      ExpressionAttributeNames: { '#sequence': messageTable.sortKey },
    });
    try {
      await this.clients.singleAttempt.send(command, timer(this.callMs));
      return 'written';
    } catch (error) {
      if (isConditionFailure(error)) return 'exists';
      // No answer, or one that doesn't say whether the write happened: the caller looks at the row.
      if (isTransient(error)) return 'unclear';
      throw error;
    }
  }

  async *newestFirst(subject: string): AsyncGenerator<readonly LogEntry[]> {
    let start: Record<string, unknown> | undefined;
    do {
      const query = new QueryCommand({ ...this.descending(subject, pageRows), ExclusiveStartKey: start });
      const page = await guarded(this.clients.calls.send(query, timer(this.callMs)));
      yield ((page.Items ?? []) as EntryItem[]).map(toEntry);
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }

  async *range(
    subject: string,
    { after, upTo }: { readonly after: number; readonly upTo?: number | undefined },
  ): AsyncGenerator<readonly StoredRow[]> {
    let start: Record<string, unknown> | undefined;
    do {
      const query = new QueryCommand({
        TableName: this.table,
        KeyConditionExpression: '#subject = :subject AND #sequence BETWEEN :first AND :last',
        ExpressionAttributeNames: {
          '#subject': messageTable.partitionKey,
          '#sequence': messageTable.sortKey,
        },
        ExpressionAttributeValues: {
          ':subject': subject,
          ':first': after + 1,
          ':last': upTo ?? Number.MAX_SAFE_INTEGER,
        },
        ConsistentRead: true,
        Limit: pageRows,
        ExclusiveStartKey: start,
      });
      const page = await guarded(this.clients.calls.send(query, timer(this.callMs)));
      yield ((page.Items ?? []) as MessageItem[]).map(toRow);
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }

  private descending(subject: string, limit: number): QueryCommandInput {
    return {
      TableName: this.table,
      KeyConditionExpression: '#subject = :subject',
      ProjectionExpression: withoutBody.map((name) => `#${name}`).join(),
      ExpressionAttributeNames: {
        '#subject': messageTable.partitionKey,
        ...Object.fromEntries(withoutBody.map((name) => [`#${name}`, name])),
      },
      ExpressionAttributeValues: { ':subject': subject },
      ConsistentRead: true,
      ScanIndexForward: false,
      Limit: limit,
    };
  }
}

function key(subject: string, sequence: number): Record<string, string | number> {
  return { [messageTable.partitionKey]: subject, [messageTable.sortKey]: sequence };
}

function toRow(item: MessageItem): LogRow {
  const body = typeof item.body === 'string' ? item.body : inflateRawSync(item.body).toString();
  return { ...toEntry(item), body };
}

function toEntry(item: EntryItem): LogEntry {
  return {
    sequence: item.sequence,
    epoch: item.epoch,
    nonce: item.nonce,
    id: item.id,
    agentId: item.agent,
    timestamp: item.at,
    expiresAt: item.expires_at,
  };
}
