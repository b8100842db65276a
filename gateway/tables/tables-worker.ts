/**
 * Runs inside a worker thread of its own: the dynalite engine behind a local port, so that its work
 * does not hold up the sockets. Bundled at the gateway's start.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

export interface TablesSettings {
  /** A file of the gateway, from which the engine's package is found. */
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

// The engine throws when a client goes away in the middle of a request, as a function that times out does.
const serve = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
server.removeAllListeners('request');
server.on('request', (request: IncomingMessage, response: ServerResponse) => {
  for (const listener of serve) listener(request, response);
  request.removeAllListeners('error');
  request.on('error', () => {
    response.destroy();
  });
});

// Longer than any idle client keeps a connection: a server that closes first would race its next request.
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
