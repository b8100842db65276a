/** HTTP responses: JSON for plain requests, and rejections on the raw socket of an upgrade. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

export function reply(
  response: ServerResponse,
  status: number,
  body: object | string = '',
  headers: Record<string, string> = {},
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, {
    ...(text !== '' && { 'Content-Type': 'application/json' }),
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** An error in the form that the SDKs read: the type in a header, the message in the body. */
export function replyError(response: ServerResponse, status: number, type: string, message: string): void {
  reply(response, status, { message, __type: type }, { 'x-amzn-ErrorType': type });
}

/** Rejects an upgrade with a status, before the socket opens. */
export function refuseUpgrade(
  socket: Duplex,
  status: number,
  body: object = { message: STATUS_CODES[status] ?? '' },
  headers: Record<string, string> = {},
): void {
  if (socket.destroyed) return;
  const text = JSON.stringify(body);
  const lines = Object.entries({
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(text)),
    Connection: 'close',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  socket.once('finish', () => socket.destroy());
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`, ...lines, '', text].join('\r\n'));
}

/** Reads a body up to a limit; `undefined` when it is larger. The rest is read and discarded. */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
    });
    request.on('end', () => {
      resolve(length > limit ? undefined : chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    request.on('error', reject);
  });
}

/** Percent-decoded text of a path, or the fallback when it is malformed. */
export function decodedOr<Fallback>(text: string, fallback: Fallback): string | Fallback {
  try {
    return decodeURIComponent(text);
  } catch {
    return fallback;
  }
}

/** Whether the request carries a SigV4 signature for the service. The signature itself is not checked. */
export function isSignedFor(request: IncomingMessage, service: string): boolean {
  const { authorization = '' } = request.headers;
  const [, scope] =
    /^AWS4-HMAC-SHA256 .*Credential=[^/]+\/\d{8}\/[^/]+\/([^/]+)\/aws4_request/.exec(authorization) ?? [];
  return scope === service;
}
