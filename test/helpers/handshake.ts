/**
 * A WebSocket handshake as bare HTTP: the URL goes out as written, and everything that comes back can be looked at.
 * For refusals and headers; tests that talk use the client of ws-client.ts.
 */
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { inTurnUntilAnswered } from '../tls/turns';

export interface Handshake {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** An admitted connection is dropped at once. */
export function handshake(url: string, headers: http.OutgoingHttpHeaders = {}): Promise<Handshake> {
  return inTurnUntilAnswered(() => handshakeNow(url, headers));
}

function handshakeNow(url: string, headers: http.OutgoingHttpHeaders): Promise<Handshake> {
  const [, scheme, host, path] = /^(wss?):\/\/([^/?]+)(.*)$/.exec(url) ?? [];
  if (host === undefined) throw new Error('Not a WebSocket URL');
  const [hostname, port] = host.split(':');
  const { request: send } = scheme === 'wss' ? https : http;
  return new Promise((resolve, reject) => {
    const request = send({
      hostname,
      ...(port === undefined ? {} : { port }),
      path: path?.startsWith('/') ? path : `/${path ?? ''}`,
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
        ...headers,
      },
    });
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: 101, headers: response.headers, body: '' });
    });
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts).toString(),
        });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}

/** Only the status: 101 when the connection was admitted. */
export async function statusOf(url: string): Promise<number> {
  return (await handshake(url)).status;
}
