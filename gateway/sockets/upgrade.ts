/**
 * Checks an upgrade request before any function runs: whether it is well formed, its path is the stage (directly or
 * through the edge), and the rate limit allows it.
 */
import type { IncomingMessage } from 'node:http';
import type { Edge } from './edge';
import {
  type HandshakeRequest,
  type HeaderList,
  headerValue,
  withoutHeaders,
  withPlatformHeaders,
} from '../events/handshake-request';
import type { ApiFacts } from '../events/request-context';
import { traceId } from '../ids';
import { limits } from '../platform';

export type Admission =
  | { kind: 'handshake'; request: HandshakeRequest }
  | { kind: 'refused'; status: number; headers?: Record<string, string>; body?: object };

/** An address of CloudFront's published range: behind an edge, the API gets this address instead of the viewer's. */
const edgeAddress = '130.176.0.1';

const refused = (status: number): Admission => ({ kind: 'refused', status });

/** The requirements of RFC 6455 for an opening handshake. */
export function isWellFormed({ method, headers }: IncomingMessage): boolean {
  const protocols = headers['sec-websocket-protocol']?.split(',').map((each) => each.trim()) ?? [];
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    /^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '') &&
    headers['sec-websocket-version'] === '13' &&
    protocols.every((each) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(each)) &&
    new Set(protocols).size === protocols.length
  );
}

export async function admit(
  incoming: IncomingMessage,
  api: ApiFacts,
  edge: Edge | undefined,
  now: number,
  unknownPathStatus: number,
): Promise<Admission> {
  const target = incoming.url ?? '/';
  if (!isWellFormed(incoming)) return refused(400);
  if (target.length > limits.urlLength) return refused(414);
  const [path = '/', ...rest] = target.split('?');
  const query = rest.join('?');
  const headers = headerList(incoming.rawHeaders);
  const sourceIp = (incoming.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  if (isPathOf(api.stage, path)) {
    const request = {
      headers: withPlatformHeaders(headers, sourceIp, traceId(now)),
      query,
      sourceIp,
      viaEdge: false,
    };
    return { kind: 'handshake', request };
  }
  // A stage has no sub-paths; other paths exist only at the edge.
  if (edge === undefined || path.startsWith(`/${api.stage}/`)) return refused(unknownPathStatus);
  const decision = await edge.decide({ method: 'GET', path, query, headers, viewerIp: sourceIp });
  if (decision.kind === 'respond') {
    return {
      kind: 'refused',
      status: decision.status,
      headers: decision.headers,
      body: { message: decision.body },
    };
  }
  if (!isPathOf(api.stage, decision.path)) return refused(unknownPathStatus);
  const forwarded = throughEdge(decision.headers, sourceIp, api.domainName);
  return {
    kind: 'handshake',
    request: {
      headers: withPlatformHeaders(forwarded, edgeAddress, traceId(now)),
      query: decision.query,
      sourceIp: edgeAddress,
      viaEdge: true,
    },
  };
}

/** `/{stage}` and `/{stage}/` are the only paths of a WebSocket API. */
function isPathOf(stage: string, path: string): boolean {
  return path === `/${stage}` || path === `/${stage}/`;
}

/** CloudFront sends its own user agent and appends the viewer's address to the forwarding header. */
function throughEdge(headers: HeaderList, viewerIp: string, originHost: string): HeaderList {
  const claimed = headerValue(headers, 'x-forwarded-for');
  return [
    ['Host', originHost],
    ['User-Agent', 'Amazon CloudFront'],
    ['X-Forwarded-For', claimed === undefined ? viewerIp : `${claimed}, ${viewerIp}`],
    ['Via', '1.1 laptop.cloudfront.net (CloudFront)'],
    ...withoutHeaders(headers, 'host', 'user-agent', 'x-forwarded-for', 'via'),
  ];
}

function headerList(rawHeaders: string[]): HeaderList {
  const list: HeaderList = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    list.push([rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '']);
  }
  return list;
}
