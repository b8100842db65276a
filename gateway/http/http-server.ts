/**
 * The gateway's one port: handshakes, `@connections`, the AWS endpoints for functions, and the ready page. Selects
 * the module that answers a request.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { faultsPath } from '../faults/faults-page';
import { GatewayError } from '../gateway-error';
import { kmsPrefix, lambdaPrefix } from './endpoints';
import { decodedOr, refuseUpgrade, reply, replyError } from './http-reply';
import { isForThisMachine, isRefusedToPage, PageSecret } from './local-only';
import { codeOf } from '../json';
import { schedulesPath } from '../schedules/schedules-page';

export interface HttpServer {
  server: Server;
  port: number;
  /** Starts to answer requests; until then all of them get 503. */
  serve(routes: HttpRoutes): void;
  stop(): Promise<void>;
}

export interface HttpRoutes {
  stage: string;
  readyPage: object;
  costs(): object;
  /** Further pages, by path. */
  pages: ReadonlyMap<string, (request: IncomingMessage, response: ServerResponse) => void>;
  onUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  onConnection(request: IncomingMessage, response: ServerResponse, connectionId: string): Promise<void>;
  /** Whether the HTTP API has a route for it. */
  hasHttpRoute(method: string, path: string): boolean;
  onHttp(request: IncomingMessage, response: ServerResponse): Promise<void>;
  onLambda(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>;
  onKms(request: IncomingMessage, response: ServerResponse): Promise<void>;
  onFaults(request: IncomingMessage, response: ServerResponse): Promise<void>;
  onSchedules(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>;
  /** Whether the pages of the site have answered; asked only about paths that are nothing else. */
  onPage(request: IncomingMessage, response: ServerResponse): boolean;
}

export const readyPath = '/_gateway/ready';
export const costsPath = '/_gateway/costs';

/** Clients reuse connections. If the server closed idle ones, a client could send a request at the same moment. */
const keepAliveMs = 3_600_000;

const otherHost = 'The laptop gateway answers to localhost and 127.0.0.1 only.';

/** For a thousand clients that connect at the same moment. */
export const backlog = 4_096;

export async function listen(host: string, port: number): Promise<HttpServer> {
  let routes: HttpRoutes | undefined;
  const secret = new PageSecret();
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    if (!isForThisMachine(request, host)) replyError(response, 403, 'ForbiddenException', otherHost);
    else if (routes === undefined) reply(response, 503, { status: 'starting' });
    else answer(request, response, routes, secret);
  });
  server.on('upgrade', (incoming, socket, head) => {
    // A client may disconnect at any time; the owner of the socket handles its close event.
    socket.on('error', () => socket.destroy());
    if (!isForThisMachine(incoming, host)) refuseUpgrade(socket, 403, { message: otherHost });
    else if (routes === undefined) refuseUpgrade(socket, 503);
    else settle(routes.onUpgrade(incoming, socket, head), socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(explain(error, host, port));
    });
    server.listen({ host, port, backlog }, resolve);
  });
  return {
    server,
    port: (server.address() as AddressInfo).port,
    serve: (given) => {
      routes = given;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** @throws GatewayError when something else listens there */
export async function checkPort(port: number, host = '127.0.0.1'): Promise<void> {
  const server = await listen(host, port);
  await server.stop();
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: HttpRoutes,
  secret: PageSecret,
): void {
  const [path = '/'] = (request.url ?? '/').split('?');
  if (isRefusedToPage(request, path, secret)) {
    replyError(response, 403, 'ForbiddenException', 'This path is not for web pages.');
  } else if (path === readyPath && request.method === 'GET') {
    reply(response, 200, routes.readyPage);
  } else if (path === costsPath && request.method === 'GET') {
    reply(response, 200, routes.costs());
  } else if (routes.pages.has(path)) {
    routes.pages.get(path)?.(request, response);
  } else if (path === faultsPath) {
    settle(routes.onFaults(request, response), response);
  } else if (path === schedulesPath || path.startsWith(`${schedulesPath}/`)) {
    settle(routes.onSchedules(request, response, path.slice(schedulesPath.length)), response);
  } else if (path.startsWith(`${lambdaPrefix}/`)) {
    settle(routes.onLambda(request, response, path.slice(lambdaPrefix.length)), response);
  } else if (path === kmsPrefix || path === `${kmsPrefix}/`) {
    settle(routes.onKms(request, response), response);
  } else {
    const connectionId = connectionIn(path, routes.stage);
    if (connectionId !== undefined) {
      settle(routes.onConnection(request, response, connectionId), response);
    } else if (path === `/${routes.stage}` || path === `/${routes.stage}/`) {
      reply(response, 426, { message: 'Upgrade Required' }, { Upgrade: 'websocket' });
    } else if (routes.hasHttpRoute(request.method ?? 'GET', path)) {
      settle(routes.onHttp(request, response), response);
    } else {
      secret.giveTo(request, response);
      if (routes.onPage(request, response)) return;
      response.removeHeader('Set-Cookie');
      // For AWS, a callback without its stage or with a wrong one is an unknown path.
      replyError(response, 403, 'ForbiddenException', 'Forbidden');
    }
  }
}

/** After a defect, close the socket so that the client does not wait, and throw the exception. */
function settle(work: Promise<void>, peer: Duplex | ServerResponse): void {
  work.catch((error: unknown) => {
    const isCutByPeer = codeOf(error) === 'ECONNRESET';
    peer.destroy();
    if (!isCutByPeer) throw error;
  });
}

/** The id in `/{stage}/@connections/{id}`; SDKs encode it with `%40` and `%3D`, other clients do not. */
function connectionIn(path: string, stage: string): string | undefined {
  const [, prefix, word, encodedId, ...more] = path.split('/');
  if (prefix !== stage || encodedId === undefined || more.length > 0) return undefined;
  return decodedOr(word ?? '', '') === '@connections' ? decodedOr(encodedId, undefined) : undefined;
}

export function explain(error: Error, host: string, port: number): Error {
  if (codeOf(error) === 'EADDRINUSE') {
    return new GatewayError(
      `Port ${port} on ${host} is already in use.`,
      'Stop the program that uses it, or choose another port with --port; --port 0 takes a free one.',
      { cause: error },
    );
  }
  if (codeOf(error) === 'EACCES' || codeOf(error) === 'EADDRNOTAVAIL') {
    return new GatewayError(`Port ${port} on ${host} cannot be opened.`, 'Choose another port or host.', {
      cause: error,
    });
  }
  return error;
}

/** The address to connect to, for the address that the server listens on. */
export function connectableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
