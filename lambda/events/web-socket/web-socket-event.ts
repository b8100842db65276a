/**
 * The events that API Gateway sends, as far as we read them, and the caller that the authorizer's context describes.
 * Source: Amazon API Gateway developer guide, WebSocket integration requests.
 */
import { isIP } from 'node:net';
import type { Caller } from '../../shared/caller';
import type { LogFields } from '../../shared/ports';
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
  readonly identity?: { readonly sourceIp?: string };
}

/** Of a handshake; names keep the case in which the client wrote them. */
export interface HeaderFields {
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>> | null;
}

export interface WebSocketEvent extends HeaderFields {
  readonly requestContext: RequestContext;
  /** Absent on `$connect` and `$disconnect`. */
  readonly body?: string;
}

export interface AuthorizerEvent extends HeaderFields {
  readonly methodArn: string;
  readonly requestContext: Pick<
    RequestContext,
    'connectionId' | 'requestId' | 'requestTimeEpoch' | 'identity'
  >;
  readonly queryStringParameters?: Readonly<Record<string, string>> | null;
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[]>> | null;
}

export interface RouteResponse {
  readonly statusCode: number;
  /** Of a handshake's answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

export function callerOf(event: WebSocketEvent): Caller {
  const { connectionId, connectedAt, authorizer } = event.requestContext;
  return { connectionId, connectedAt, ...decodeContext(authorizer ?? {}) };
}

/** What the client lists in `Sec-WebSocket-Protocol`, which may come as one header or as several. */
export function subProtocolsOf(event: HeaderFields): string[] {
  return valuesOf(event, 'sec-websocket-protocol')
    .flatMap((value) => value.split(','))
    .map((name) => name.trim());
}

/** Which page's program it is; empty outside of a browser. */
export function originsOf(event: HeaderFields): string[] {
  return valuesOf(event, 'origin');
}

/** Set by the function of the edge. */
const viewerHeader = 'artcafe-viewer-address';

/**
 * For the audit log. `viewer_address` is what the edge says, and can be forged by who goes past the edge: then `source_ip` is no
 * address of CloudFront.
 */
export function addressesOf(
  event: HeaderFields & { readonly requestContext: Pick<RequestContext, 'identity'> },
): LogFields {
  const [viewer = ''] = valuesOf(event, viewerHeader);
  return {
    source_ip: event.requestContext.identity?.sourceIp,
    viewer_address: isIP(viewer) === 0 ? undefined : viewer,
  };
}

/** All values of a header, whatever its case. */
export function valuesOf({ multiValueHeaders }: HeaderFields, header: string): string[] {
  return Object.entries(multiValueHeaders ?? {})
    .filter(([name]) => name.toLowerCase() === header.toLowerCase())
    .flatMap(([, values]) => values);
}
