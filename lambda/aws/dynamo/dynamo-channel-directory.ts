/** The directory of channels: one small row per channel in its tenant's partition of ConnectionTable. */
import { type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { connectionTable } from '../../contract';
import type { ChannelDirectory } from '../../shared/stores/channel-directory';
import type { Clock } from '../../shared/ports';
import { directorySubject } from '../../shared/subjects';
import { defaultCallMs, guarded, timer } from './dynamo-calls';

/** A publish waits for it and has its own put before it. */
const putMs = 400;

export class DynamoChannelDirectory implements ChannelDirectory {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly callMs = defaultCallMs,
  ) {}

  async put(tenantId: string, channelId: string, expiresAt: number): Promise<void> {
    const Item = { ...key(tenantId, channelId), [connectionTable.ttl]: Math.ceil(expiresAt / 1_000) };
    await guarded(this.client.send(new PutCommand({ TableName: this.table, Item }), timer(putMs)));
  }

  async *channels(
    tenantId: string,
    after: string | undefined,
    consistent: boolean,
  ): AsyncGenerator<readonly string[]> {
    let start = after === undefined ? undefined : key(tenantId, after);
    do {
      const query = new QueryCommand({
        TableName: this.table,
        KeyConditionExpression: '#subject = :subject',
        FilterExpression: '#ttl > :now',
        ExpressionAttributeNames: { '#subject': connectionTable.partitionKey, '#ttl': connectionTable.ttl },
        ExpressionAttributeValues: {
          ':subject': directorySubject(tenantId),
          ':now': Math.floor(this.clock.now() / 1_000),
        },
        ExclusiveStartKey: start,
        ConsistentRead: consistent,
        Limit: 100,
      });
      const page = await guarded(this.client.send(query, timer(this.callMs)));
      yield (page.Items ?? []).map((item) => String(item[connectionTable.sortKey]));
      start = page.LastEvaluatedKey as Record<string, string> | undefined;
    } while (start !== undefined);
  }
}

function key(tenantId: string, channelId: string): Record<string, string> {
  return {
    [connectionTable.partitionKey]: directorySubject(tenantId),
    [connectionTable.sortKey]: channelId,
  };
}
