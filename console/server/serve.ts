/** Serves the console on this machine, for a deployed stack or for another address of the laptop. */
import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type ConsoleOptions, consoleHandler } from './handler';

export interface ServeOptions extends ConsoleOptions {
  /** Default: any free port. It is on 127.0.0.1 only. */
  readonly port?: number;
}

export interface Served {
  /** Address of the page, such as `http://127.0.0.1:8788/`. */
  readonly url: string;
  close(): Promise<void>;
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * @throws Error with `code` `EADDRINUSE` when something else has the port
 * @example const { url } = await serve({ url: 'wss://abc.execute-api.eu-west-1.amazonaws.com', name: 'ArtCafePubSub', mint });
 */
export async function serve(options: ServeOptions): Promise<Served> {
  const page = consoleHandler(options);
  const server = createServer((request, response) => {
    // A page that has pointed its own name at this machine must not get a token.
    if (!loopback.test(request.headers.host ?? ''))
      refuse(response, 403, 'This address is for this machine.');
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

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' });
  response.end(JSON.stringify({ message }));
}
