/** Serves the console on this machine, for a deployed stack or for another address of the laptop. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { type ConsoleOptions, consoleHandler, isFromOtherSite } from './handler';

export interface ServeOptions extends ConsoleOptions {
  /** Base URL of the HTTP API without `/v1`; requests under `/v1/` go there. Without it, and when it does not answer, they get 502. */
  readonly api?: string | undefined;
  /** Default: any free port. It is on 127.0.0.1 only. */
  readonly port?: number | undefined;
}

export interface Served {
  /** Address of the page, such as `http://127.0.0.1:8788/`. */
  readonly url: string;
  close(): Promise<void>;
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * @param folder - of the built page
 * @throws Error with `code` `EADDRINUSE` when something else has the port
 * @example const { url } = await serve({ url: 'wss://abc.execute-api.eu-west-1.amazonaws.com', api: 'https://…', name: 'ArtCafePubSub', mint });
 */
export async function serve(options: ServeOptions, folder?: string): Promise<Served> {
  const page = consoleHandler(options, folder);
  const server = createServer((request, response) => {
    // A page that has pointed its own name at this machine must not get a token.
    if (!loopback.test(request.headers.host ?? ''))
      refuse(response, 403, 'This address is for this machine.');
    else if (request.url?.startsWith('/v1/')) void forward(options.api, request, response);
    else if (!page(request, response)) refuse(response, 404, 'There is nothing here.');
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Through this address the page needs no CORS of the deployment. */
async function forward(
  api: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (isFromOtherSite(request)) {
    refuse(response, 403, 'This path is for the console only.');
    return;
  }
  if (api === undefined) {
    refuse(response, 502, 'This console knows no HTTP API.');
    return;
  }
  const { method = 'GET', url = '/', headers } = request;
  try {
    const answer = await fetch(`${api.replace(/\/$/, '')}${url}`, {
      method,
      headers: {
        ...(headers.authorization !== undefined && { authorization: headers.authorization }),
        ...(headers['content-type'] !== undefined && { 'content-type': headers['content-type'] }),
      },
      ...(method !== 'GET' && method !== 'HEAD' && { body: Readable.toWeb(request), duplex: 'half' }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    const retryAfter = answer.headers.get('retry-after');
    response.writeHead(answer.status, {
      'Content-Type': answer.headers.get('content-type') ?? 'application/json',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...(retryAfter !== null && { 'Retry-After': retryAfter }),
    });
    response.end(body);
  } catch {
    refuse(response, 502, 'The HTTP API does not answer.');
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' });
  response.end(JSON.stringify({ message }));
}
