/**
 * How we call DynamoDB: one client per function, a timer on every call, and errors sorted into "try again later" and defects.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { Unavailable } from '../../shared/ports';
import { retryClockSkew } from '../service-time';
import { TableSigner } from './table-signer';

/** For a call with its retries. DynamoDB answers in single milliseconds, or something is wrong; a publish can't wait long. */
export const defaultCallMs = 800;

export interface DynamoClients {
  /** Retries what may be retried. */
  readonly calls: DynamoDBDocumentClient;
  /** Makes one attempt: for the put whose own conflict must be told from a repeated request's. */
  readonly singleAttempt: DynamoDBDocumentClient;
}

/** `onClient` is given each of the clients, before its first call. */
export function createDynamoClients(
  onClient: (client: DynamoDBClient) => void = () => undefined,
): DynamoClients {
  const signer = new TableSigner();
  const base = new DynamoDBClient({
    signer,
    requestHandler: { connectionTimeout: 500, httpsAgent: { maxSockets: 100 } },
  });
  const once = new DynamoDBClient({ maxAttempts: 1, signer, requestHandler: base.config.requestHandler });
  for (const client of [base, once]) {
    client.middlewareStack.add(retryClockSkew, { step: 'initialize', name: 'resignMistimed' });
    onClient(client);
  }
  const translation = { marshallOptions: { removeUndefinedValues: true } };
  return {
    calls: DynamoDBDocumentClient.from(base, translation),
    singleAttempt: DynamoDBDocumentClient.from(once, translation),
  };
}

export function timer(callMs: number): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(callMs) };
}

/** Runs a call; a failure that is not the caller's comes out as `Unavailable`. */
export async function guarded<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw isTransient(error) ? new Unavailable('DynamoDB', { cause: error }) : error;
  }
}

/**
 * For a read after the ACK, which no client asks for again. The first call of a new environment can take longer than its time:
 * it opens the connection, and nothing is compiled yet.
 */
export async function askedTwice<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await guarded(call());
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return guarded(call());
  }
}

export function isConditionFailure(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException';
}

const transientNames: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'InternalServerError',
  'LimitExceededException',
  'AbortError',
  'TimeoutError',
]);

export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (transientNames.has(error.name)) return true;
  const { $metadata, code } = error as { $metadata?: { httpStatusCode?: number }; code?: unknown };
  // Without an HTTP status the call never got an answer: a network failure, which carries a system code.
  return ($metadata?.httpStatusCode ?? 0) >= 500 || typeof code === 'string';
}
