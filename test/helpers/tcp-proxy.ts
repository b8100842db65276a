/**
 * Stands between a client and a server; it can cut every connection, or let it go silent, without a word of the protocol above.
 */
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

export interface TcpProxy {
  readonly port: number;
  cut(): void;
  /** From now on, open connections carry nothing and stay open; new ones work. */
  blackhole(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const swallowed = new WeakSet<Socket>();
  const server = createServer((near) => {
    const far = createConnection(targetPort, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('data', (chunk: Buffer) => {
        if (!swallowed.has(socket)) other.write(chunk);
      });
      socket.on('end', () => {
        if (!swallowed.has(socket)) other.end();
      });
      // Whatever ends one side ends the other.
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    blackhole: () => {
      for (const socket of sockets) swallowed.add(socket);
    },
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
