/**
 * Results of DynamoDB that are correct but rare: pages of one item, further pages without items, unprocessed keys,
 * and stale reads.
 */
import { createHash } from 'node:crypto';
import { isList, type JsonObject, objectOr } from '../json';
import { type AwsCall, type HttpAnswer, jsonAnswer } from './aws-call';

export function canSplit({ operation, input }: AwsCall): boolean {
  if (operation === 'Query' || operation === 'Scan') return input.Limit !== 1;
  return operation === 'BatchGetItem' && keysAsked(input) > 1;
}

/** The same request, limited to one item. */
export function splitInput({ operation, input }: AwsCall): JsonObject {
  if (operation !== 'BatchGetItem') return { ...input, Limit: 1 };
  const { first } = firstKey(input);
  return { ...input, RequestItems: first };
}

/** The unprocessed keys, as AWS returns them. */
export function splitAnswer({ operation, input }: AwsCall, answer: JsonObject): JsonObject {
  if (operation !== 'BatchGetItem') return answer;
  return { ...answer, UnprocessedKeys: { ...firstKey(input).rest, ...objectOr(answer.UnprocessedKeys) } };
}

export function canBeEmpty({ operation, input }: AwsCall): boolean {
  return (operation === 'Query' || operation === 'Scan') && input.ExclusiveStartKey !== undefined;
}

/** An empty page that is not the last: AWS returns one when a filter removes all items. */
export function emptyPage({ input }: AwsCall): HttpAnswer {
  return jsonAnswer({ Items: [], Count: 0, ScannedCount: 0, LastEvaluatedKey: input.ExclusiveStartKey });
}

function keysAsked(input: JsonObject): number {
  return Object.values(objectOr(input.RequestItems)).reduce<number>((sum, request) => {
    const { Keys } = objectOr(request);
    return sum + (isList(Keys) ? Keys.length : 0);
  }, 0);
}

function firstKey(input: JsonObject): { first: JsonObject; rest: JsonObject } {
  const [[table, request] = ['', {}], ...others] = Object.entries(objectOr(input.RequestItems));
  const { Keys } = objectOr(request);
  const [key, ...left] = isList(Keys) ? Keys : [];
  const rest = left.length === 0 ? [] : [[table, { ...objectOr(request), Keys: left }] as const];
  return {
    first: { [table]: { ...objectOr(request), Keys: [key] } },
    rest: Object.fromEntries([...rest, ...others]),
  };
}

/** Maximum number of stored answers. */
const remembered = 10_000;

/** The previous answer to each request that may get stale data. */
export class PreviousAnswers {
  private readonly answers = new Map<string, HttpAnswer>();

  /** An empty result for a new request, because it was correct before the first write. */
  of(call: AwsCall): HttpAnswer {
    return this.answers.get(questionOf(call)) ?? nothing(call);
  }

  keep(call: AwsCall, answer: HttpAnswer): void {
    if (answer.status !== 200) return;
    const question = questionOf(call);
    this.answers.delete(question);
    this.answers.set(question, answer);
    const [oldest] = this.answers.keys();
    if (this.answers.size > remembered && oldest !== undefined) this.answers.delete(oldest);
  }
}

function questionOf({ operation, input }: AwsCall): string {
  return createHash('sha256').update(operation).update(JSON.stringify(input)).digest('base64');
}

function nothing({ operation, input }: AwsCall): HttpAnswer {
  if (operation === 'GetItem') return jsonAnswer({});
  if (operation !== 'BatchGetItem') return jsonAnswer({ Items: [], Count: 0, ScannedCount: 0 });
  const tables = Object.keys(objectOr(input.RequestItems));
  return jsonAnswer({
    Responses: Object.fromEntries(tables.map((table) => [table, []])),
    UnprocessedKeys: {},
  });
}
