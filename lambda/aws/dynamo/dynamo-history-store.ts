/** MessageTable: the log of a channel or an inbox, one row per message, and item 0 about the log itself. */
import {
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Position } from '../../../protocol/index';
import { messageTable } from '../../contract';
import type {
  Head,
  HistoryStore,
  MessageFields,
  MessageRow,
  Checkpoint,
  PutOutcome,
  StoredRow,
} from '../../shared/stores/history-store';
import type { Logger } from '../../shared/ports';
import {
  defaultCallMs,
  type DynamoClients,
  guarded,
  isConditionFailure,
  isTransient,
  timer,
} from './dynamo-calls';
import {
  attributesWithoutBody,
  type MessageFieldsItem,
  key,
  type CheckpointItem,
  checkpointTtl,
  type MessageItem,
  toMessageFields,
  toItem,
  toCheckpoint,
  toRow,
} from './message-item';

const pageRows = 100;
/** Of a search, which mostly ends among the newest rows; every row that is read costs. */
const firstPageRows = 25;
const checkpointSequence = 0;

export class DynamoHistoryStore implements HistoryStore {
  constructor(
    private readonly clients: DynamoClients,
    private readonly table: string,
    private readonly log: Logger,
    private readonly callMs = defaultCallMs,
  ) {}

  async head(subject: string): Promise<Head> {
    const query = withoutBody(this.query(subject, '#sequence >= :from', { ':from': checkpointSequence }));
    const command = new QueryCommand({ ...query, ScanIndexForward: false, Limit: 1 });
    const page = await guarded(this.clients.calls.send(command, timer(this.callMs)));
    const item = page.Items?.[0] as MessageFieldsItem | undefined;
    if (item === undefined) return { row: undefined, checkpoint: undefined };
    return item.sequence === checkpointSequence
      ? { row: undefined, checkpoint: toCheckpoint(item as unknown as CheckpointItem) }
      : { row: toMessageFields(item), checkpoint: undefined };
  }

  async get(subject: string, sequence: number): Promise<StoredRow | undefined> {
    const item = await this.item(subject, sequence);
    return item && this.read(subject, item as unknown as MessageItem);
  }

  async tryPut(subject: string, row: MessageRow): Promise<PutOutcome> {
    const command = new PutCommand({
      TableName: this.table,
      Item: toItem(subject, row),
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

  async *newestFirst(
    subject: string,
    onRead?: (readUnits: number) => void,
  ): AsyncGenerator<readonly MessageFields[]> {
    const rows = withoutBody(this.query(subject, '#sequence > :after', { ':after': checkpointSequence }));
    const query = { ...rows, ScanIndexForward: false, ReturnConsumedCapacity: 'TOTAL' as const };
    for await (const items of this.pages(query, firstPageRows, onRead)) {
      yield (items as unknown as MessageFieldsItem[]).map(toMessageFields);
    }
  }

  async checkpoint(subject: string): Promise<Checkpoint | undefined> {
    const item = await this.item(subject, checkpointSequence);
    return item && toCheckpoint(item as unknown as CheckpointItem);
  }

  async raiseCheckpoint(subject: string, { epoch, sequence }: Position, expiresAt: number): Promise<void> {
    const command = new UpdateCommand({
      TableName: this.table,
      Key: key(subject, checkpointSequence),
      UpdateExpression: 'SET #mark = :mark, #epoch = :epoch, #expires_at = :expires_at, #ttl = :ttl',
      ConditionExpression:
        'attribute_not_exists(#mark) OR #mark < :mark OR (#mark = :mark AND #epoch = :epoch AND #expires_at < :expires_at)',
      ExpressionAttributeNames: { ...names('mark', 'epoch', 'expires_at'), '#ttl': messageTable.ttl },
      ExpressionAttributeValues: {
        ':mark': sequence,
        ':epoch': epoch,
        ':expires_at': expiresAt,
        ':ttl': checkpointTtl(expiresAt),
      },
    });
    try {
      await guarded(this.clients.calls.send(command, timer(this.callMs)));
    } catch (error) {
      // It stands as high already.
      if (!isConditionFailure(error)) throw error;
    }
  }

  async *range(
    subject: string,
    {
      after,
      upTo,
      firstRows,
    }: { readonly after: number; readonly upTo?: number; readonly firstRows?: number },
  ): AsyncGenerator<readonly StoredRow[]> {
    const from = Math.max(after, checkpointSequence) + 1;
    // DynamoDB refuses such a condition.
    if (upTo !== undefined && upTo < from) return;
    const query =
      upTo === undefined
        ? this.query(subject, '#sequence >= :from', { ':from': from })
        : this.query(subject, '#sequence BETWEEN :from AND :to', { ':from': from, ':to': upTo });
    yield* this.rows(subject, { ...query, ScanIndexForward: true }, firstRows);
  }

  async *rangeBack(
    subject: string,
    { before, firstRows }: { readonly before?: number; readonly firstRows?: number },
  ): AsyncGenerator<readonly StoredRow[]> {
    const from = checkpointSequence + 1;
    if (before !== undefined && before <= from) return;
    const query =
      before === undefined
        ? this.query(subject, '#sequence >= :from', { ':from': from })
        : this.query(subject, '#sequence BETWEEN :from AND :to', { ':from': from, ':to': before - 1 });
    yield* this.rows(subject, { ...query, ScanIndexForward: false }, firstRows);
  }

  private async *rows(
    subject: string,
    query: QueryCommandInput,
    firstRows = pageRows,
  ): AsyncGenerator<readonly StoredRow[]> {
    for await (const items of this.pages(query, Math.min(firstRows, pageRows))) {
      yield (items as unknown as MessageItem[]).map((item) => this.read(subject, item));
    }
  }

  private async *pages(
    query: QueryCommandInput,
    firstRows = pageRows,
    onRead?: (readUnits: number) => void,
  ): AsyncGenerator<readonly Record<string, unknown>[]> {
    let start: Record<string, unknown> | undefined;
    do {
      const Limit = start === undefined ? firstRows : pageRows;
      const command = new QueryCommand({ ...query, Limit, ExclusiveStartKey: start });
      const page = await guarded(this.clients.calls.send(command, timer(this.callMs)));
      onRead?.(page.ConsumedCapacity?.CapacityUnits ?? 0);
      yield page.Items ?? [];
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }

  private async item(subject: string, sequence: number): Promise<Record<string, unknown> | undefined> {
    const Key = key(subject, sequence);
    const command = new GetCommand({ TableName: this.table, Key, ConsistentRead: true });
    return (await guarded(this.clients.calls.send(command, timer(this.callMs)))).Item;
  }

  private read(subject: string, item: MessageItem): StoredRow {
    const row = toRow(item);
    if (row.body === undefined && row.isErased !== true)
      this.log.error('row_damaged', { subject, sequence: row.sequence });
    return row;
  }

  private query(subject: string, range: string, values: Readonly<Record<string, number>>): QueryCommandInput {
    return {
      TableName: this.table,
      KeyConditionExpression: `#subject = :subject AND ${range}`,
      ExpressionAttributeNames: { '#subject': messageTable.partitionKey, '#sequence': messageTable.sortKey },
      ExpressionAttributeValues: { ':subject': subject, ...values },
      ConsistentRead: true,
    };
  }
}

/** `#name` for each name: some are reserved words. */
function names(...attributes: readonly string[]): Record<string, string> {
  return Object.fromEntries(attributes.map((name) => [`#${name}`, name]));
}

function withoutBody(query: QueryCommandInput): QueryCommandInput {
  return {
    ...query,
    ProjectionExpression: attributesWithoutBody.map((name) => `#${name}`).join(),
    ExpressionAttributeNames: { ...query.ExpressionAttributeNames, ...names(...attributesWithoutBody) },
  };
}
