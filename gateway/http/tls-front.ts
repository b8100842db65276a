/**
 * TLS before the gateway's port, as clients of AWS have it. The functions keep using the plain port, which is then any free one.
 */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import type { CertificateFiles } from './certificate';
import { backlog, explain, type HttpServer, listen } from './http-server';

interface TlsFront {
  readonly port: number;
  stop(): Promise<void>;
}

/** Hands each decrypted connection to the server, which answers it as one of its own. */
async function listenWithTls(
  http: HttpServer,
  files: CertificateFiles,
  host: string,
  port: number,
): Promise<TlsFront> {
  const options = { key: readFileSync(files.key), cert: readFileSync(files.certificate) };
  const front = createServer(options, (socket) => http.server.emit('connection', socket));
  // A client that does not trust the certificate ends its handshake.
  front.on('tlsClientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    front.once('error', (error: Error) => {
      reject(explain(error, host, port));
    });
    front.listen({ host, port, backlog }, resolve);
  });
  return {
    port: (front.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        front.close(() => {
          resolve();
        });
      }),
  };
}

/** The plain port, and with a certificate the one of clients before it. */
export interface Ports extends HttpServer {
  /** Of clients. */
  publicPort: number;
  /** `s` with TLS, which makes `wss` of `ws`. */
  secure: 's' | '';
}

export async function openPorts(
  host: string,
  port: number,
  tls: CertificateFiles | undefined,
): Promise<Ports> {
  if (tls === undefined) {
    const http = await listen(host, port);
    return { ...http, publicPort: http.port, secure: '' };
  }
  const http = await listen(host, 0);
  const front = await listenWithTls(http, tls, host, port).catch(async (error: unknown) => {
    await http.stop();
    throw error;
  });
  const stop = async () => {
    await Promise.all([front.stop(), http.stop()]);
  };
  return { ...http, publicPort: front.port, secure: 's', stop };
}
