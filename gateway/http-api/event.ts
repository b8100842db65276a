/**
 * The event of an HTTP API in payload format 2.0. Its path is decoded once, and ends at a decoded question mark; header
 * names are in lower case, and repeated headers and query values are joined by commas. Source: Amazon API Gateway
 * developer guide, "Create AWS Lambda proxy integrations for HTTP APIs".
 */
import type { IncomingMessage } from 'node:http';
import { logTime } from '../events/request-context';
import { platformId, traceId } from '../ids';
import { decodedOr } from '../http/http-reply';
import { accountId } from '../platform';
import type { HttpApiModel } from '../template/model';
import type { RouteMatch } from './route-selection';

export interface HttpRequest {
  readonly method: string;
  /** As the client sent it. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly sourceIp: string;
}

/** Types that AWS hands over as text; all others come in base64. */
const textTypes = /^(?:text\/|application\/(?:json|javascript|xml)\b|application\/[^;]+\+(?:json|xml)\b)/i;

export function httpEvent(
  request: HttpRequest,
  { route, pathParameters }: RouteMatch,
  api: HttpApiModel,
  domainName: string,
  now: number,
): object {
  const { method, query, sourceIp } = request;
  const [path = '/'] = decodedOr(request.path, request.path).split('?');
  const isText = textTypes.test(request.headers['content-type'] ?? 'text/plain');
  return {
    version: '2.0',
    routeKey: route.key,
    rawPath: path,
    rawQueryString: query,
    ...(request.headers.cookie !== undefined && { cookies: request.headers.cookie.split(/; */) }),
    headers: eventHeaders(request, domainName, now),
    ...(query !== '' && { queryStringParameters: queryValues(query) }),
    ...(Object.keys(pathParameters).length > 0 && {
      pathParameters: Object.fromEntries(
        Object.entries(pathParameters).map(([name, value]) => [name, decodedOr(value, value)]),
      ),
    }),
    ...(Object.keys(api.stageVariables).length > 0 && { stageVariables: api.stageVariables }),
    requestContext: {
      accountId,
      apiId: api.id,
      domainName,
      domainPrefix: domainName.split(/[.:]/)[0],
      http: {
        method,
        path,
        protocol: 'HTTP/1.1',
        sourceIp,
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: platformId(),
      routeKey: route.key,
      stage: '$default',
      time: logTime(now),
      timeEpoch: now,
    },
    ...(request.body.length > 0 && { body: request.body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: request.body.length > 0 && !isText,
  };
}

function eventHeaders(
  { headers, sourceIp }: HttpRequest,
  domainName: string,
  now: number,
): Record<string, string> {
  const own = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined || name === 'cookie' || name === 'connection'
      ? []
      : [[name, Array.isArray(value) ? value.join() : value]],
  );
  const forwarded = headers['x-forwarded-for'];
  return {
    ...(Object.fromEntries(own) as Record<string, string>),
    host: domainName,
    'x-amzn-trace-id': traceId(now),
    'x-forwarded-for': forwarded === undefined ? sourceIp : `${String(forwarded)}, ${sourceIp}`,
    'x-forwarded-port': '443',
    'x-forwarded-proto': 'https',
  };
}

function queryValues(query: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const before = values[name];
    values[name] = before === undefined ? value : `${before},${value}`;
  }
  return values;
}
