/**
 * The events that API Gateway sends, as far as we read them, and the caller that the authorizer's context describes.
 * Source: Amazon API Gateway developer guide, WebSocket integration requests.
 */
import type { Caller } from '../core/caller';
import { decodeContext } from './authorizer-context';

export interface RequestContext {
  readonly connectionId: string;
  readonly requestId: string;
  /** Epoch milliseconds. */
  readonly requestTimeEpoch: number;
  /** Epoch milliseconds. */
  readonly connectedAt: number;
  /** Strings, whatever the authorizer returned. */
  readonly authorizer?: Readonly<Record<string, unknown>>;
  readonly disconnectStatusCode?: number;
}

export interface WebSocketEvent {
  readonly requestContext: RequestContext;
  /** Absent on `$connect` and `$disconnect`. */
  readonly body?: string;
}

export interface AuthorizerEvent {
  readonly methodArn: string;
  readonly requestContext: Pick<RequestContext, 'connectionId' | 'requestId'>;
  readonly queryStringParameters?: Readonly<Record<string, string>> | null;
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[]>> | null;
}

export interface RouteResponse {
  readonly statusCode: number;
}

export function callerOf(event: WebSocketEvent): Caller {
  const { connectionId, authorizer } = event.requestContext;
  return { connectionId, ...decodeContext(authorizer ?? {}) };
}
