/**
 * Runs the dynalite engine in its own worker thread, so that its work does not block the sockets. Bundled when the
 * gateway starts.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

export interface TablesSettings {
  /** A file of the gateway, from which the package of the engine is resolved. */
  resolveFrom: string;
  /** Folder to keep the data in; `undefined` = in memory. */
  path: string | undefined;
}

type Engine = (options: Record<string, unknown>) => Server;

const { resolveFrom, path } = workerData as TablesSettings;
const dynalite = createRequire(resolveFrom)('dynalite') as Engine;
const server = dynalite({
  createTableMs: 0,
  deleteTableMs: 0,
  updateTableMs: 0,
  ...(path !== undefined && { path }),
});

// The engine throws when a client disconnects during a request, for example a function that times out.
const serve = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
server.removeAllListeners('request');
server.on('request', (request: IncomingMessage, response: ServerResponse) => {
  for (const listener of serve) listener(request, response);
  request.removeAllListeners('error');
  request.on('error', () => {
    response.destroy();
  });
});

// Longer than clients keep idle connections. If the server closed first, a client could send a request at the same moment.
server.keepAliveTimeout = 3_600_000;
server.listen(0, '127.0.0.1', () => {
  parentPort?.postMessage((server.address() as AddressInfo).port);
});

parentPort?.once('message', () => {
  server.close(() => {
    process.exit(0);
  });
  server.closeAllConnections();
});
