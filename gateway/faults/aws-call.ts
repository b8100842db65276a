/**
 * Parses a request to AWS and builds the error responses of AWS. For DynamoDB, `@connections`, Lambda's Invoke and
 * EventBridge's PutEvents only.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isObject, objectOr, parseJson, type JsonObject } from '../json';
import type { Service } from './plan-schema';

export interface AwsCall {
  readonly service: Exclude<Service, 'event'>;
  readonly operation: string;
  readonly table: string | undefined;
  /** The parsed request of DynamoDB; empty for the other services. */
  readonly input: JsonObject;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

export function dynamoCall(headers: IncomingHttpHeaders, body: Buffer): AwsCall {
  const operation =
    String(headers['x-amz-target'] ?? '')
      .split('.')
      .at(-1) ?? '';
  const input = objectOr(parseJson(body.toString()));
  const tables = Object.keys(objectOr(input.RequestItems));
  const table = typeof input.TableName === 'string' ? input.TableName : tables[0];
  return { service: 'dynamodb', operation, table, input };
}

export function connectionsCall(method: string): AwsCall {
  return { service: 'connections', operation: method.toLowerCase(), table: undefined, input: {} };
}

export const invokeCall: AwsCall = { service: 'lambda', operation: 'Invoke', table: undefined, input: {} };
export const putEventsCall: AwsCall = {
  service: 'eventbridge',
  operation: 'PutEvents',
  table: undefined,
  input: {},
};

/** Whether DynamoDB may return old data. */
export function mayBeStale({ operation, input }: AwsCall): boolean {
  switch (operation) {
    case 'GetItem':
    case 'Query':
    case 'Scan':
      return input.ConsistentRead !== true;
    case 'BatchGetItem':
      return Object.values(objectOr(input.RequestItems)).every(
        (request) => isObject(request) && request.ConsistentRead !== true,
      );
    default:
      return false;
  }
}

/** Error names that the SDKs map to exceptions. */
const names: Readonly<Record<AwsCall['service'], Readonly<Record<number, string>>>> = {
  dynamodb: {
    400: 'ProvisionedThroughputExceededException',
    500: 'InternalServerError',
    503: 'ServiceUnavailable',
  },
  connections: { 403: 'ForbiddenException', 410: 'GoneException', 429: 'LimitExceededException' },
  lambda: { 429: 'TooManyRequestsException', 500: 'ServiceException' },
  eventbridge: { 400: 'ThrottlingException', 500: 'InternalException' },
};

export function errorAnswer({ service }: AwsCall, status: number): HttpAnswer {
  const name = names[service][status] ?? 'InternalFailure';
  const __type = service === 'dynamodb' ? `com.amazonaws.dynamodb.v20120810#${name}` : name;
  const body = Buffer.from(JSON.stringify({ __type, message: 'A fault of the fault plan' }));
  const type = service === 'dynamodb' ? 'application/x-amz-json-1.0' : 'application/json';
  return {
    status,
    headers: { 'content-type': type, 'content-length': String(body.length), 'x-amzn-errortype': name },
    body,
  };
}

/** The answer to a request with a wrong signing time. */
export function mistimedAnswer({ service }: AwsCall): HttpAnswer {
  const name = 'InvalidSignatureException';
  const body = Buffer.from(JSON.stringify({ __type: name, message: 'Signature expired or not yet current' }));
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
  return {
    status: isJsonProtocol(service) ? 400 : 403,
    headers: { ...headers, 'x-amzn-errortype': name },
    body,
  };
}

export function throttleAnswer(call: AwsCall): HttpAnswer {
  return errorAnswer(call, isJsonProtocol(call.service) ? 400 : 429);
}

/** Answers every error of the caller with 400. */
function isJsonProtocol(service: AwsCall['service']): boolean {
  return service === 'dynamodb' || service === 'eventbridge';
}

export function jsonAnswer(value: JsonObject): HttpAnswer {
  const body = Buffer.from(JSON.stringify(value));
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'content-length': String(body.length) };
  return { status: 200, headers, body };
}
