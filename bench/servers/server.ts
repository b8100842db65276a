/**
 * The alternatives that a user may run: a plain `ws` server and a Socket.IO server that send each message to all
 * clients.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as SocketIo } from 'socket.io';
import { WebSocketServer } from 'ws';
import { serveIpc } from '../serve-ipc';

export interface ServerTask {
  readonly kind: 'ws' | 'socket.io';
}

export interface ServerReady {
  readonly url: string;
}

serveIpc(async ({ kind }: ServerTask): Promise<ServerReady> => {
  const http = createServer();
  if (kind === 'ws') {
    const server = new WebSocketServer({ server: http, perMessageDeflate: false });
    server.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        for (const client of server.clients) client.send(data, { binary: false });
      });
    });
  } else {
    const server = new SocketIo(http, { transports: ['websocket'], perMessageDeflate: false });
    server.on('connection', (socket) => {
      socket.on('publish', (message: unknown) => {
        server.emit('message', message);
      });
    });
  }
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', 4_096, resolve));
  const { port } = http.address() as AddressInfo;
  return { url: `${kind === 'ws' ? 'ws' : 'http'}://127.0.0.1:${port}` };
});
