/**
 * Used-up time of agents and tenants: one small row each in ConnectionTable, raised by one conditional update. An expression
 * of DynamoDB has no maximum, so that a rested and a busy row take different updates; the caller guesses which.
 */
import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { connectionTable } from '../../contract';
import { type RateCounter, type RateUse, Unavailable } from '../../shared/ports';
import { defaultCallMs, guarded, isConditionFailure, timer } from './dynamo-calls';

/** Sort key of a table that is keyed by connections. */
const rateRow = 'rate';
/** A forgotten row is a rested one. */
const keptSeconds = 86_400;

export class DynamoRateCounter implements RateCounter {
  /** The client must make one attempt only: a repeated update would count twice. */
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly callMs = defaultCallMs,
  ) {}

  async add(subject: string, { usedMs, floor, ceiling, isIdle: isRested }: RateUse): Promise<number> {
    const values = { ':floor': floor, ':ceiling': ceiling, ':ttl': Math.ceil(floor / 1_000) + keptSeconds };
    const fromRest = {
      condition: 'attribute_not_exists(used_until) OR used_until < :floor OR used_until > :ceiling',
      change: 'SET used_until = :after, #ttl = :ttl',
      values: { ...values, ':after': floor + usedMs },
    };
    const onTop = {
      condition: 'used_until BETWEEN :floor AND :ceiling',
      change: 'SET used_until = used_until + :used, #ttl = :ttl',
      values: { ...values, ':used': usedMs },
    };
    // A row that rests may be raised by another one meanwhile. Above the floor it stays there: the last attempt can't miss.
    const attempts = isRested ? [fromRest, onTop] : [onTop, fromRest, onTop];
    for (const { condition, change, values } of attempts) {
      const after = await this.update(subject, condition, change, values);
      if (after !== undefined) return after;
    }
    throw new Unavailable('The counter was deleted meanwhile');
  }

  async usedUntil(subject: string): Promise<number> {
    const get = new GetCommand({ TableName: this.table, Key: keyOf(subject) });
    const { Item: item } = await guarded(this.client.send(get, timer(this.callMs)));
    return (item?.used_until as number | undefined) ?? 0;
  }

  /** `undefined` when the condition did not hold. */
  private async update(
    subject: string,
    condition: string,
    change: string,
    values: Record<string, number>,
  ): Promise<number | undefined> {
    const command = new UpdateCommand({
      TableName: this.table,
      Key: keyOf(subject),
      UpdateExpression: change,
      ConditionExpression: condition,
      ExpressionAttributeNames: { '#ttl': connectionTable.ttl },
      ExpressionAttributeValues: values,
      ReturnValues: 'UPDATED_NEW',
    });
    try {
      const { Attributes: updated } = await guarded(this.client.send(command, timer(this.callMs)));
      return updated?.used_until as number;
    } catch (error) {
      if (isConditionFailure(error)) return undefined;
      throw error;
    }
  }
}

function keyOf(subject: string): Record<string, string> {
  return { [connectionTable.partitionKey]: subject, [connectionTable.sortKey]: rateRow };
}
