/**
 * A patient WebSocket client: queues what arrives so that no message is missed, and turns a refused handshake
 * into its status. Also plain signed requests for the HTTP side.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import { WebSocket, type ClientOptions } from 'ws';

export interface Closing {
  code: number;
  reason: string;
}

export class TestClient {
  readonly closed: Promise<Closing>;
  private readonly queue: string[] = [];
  private readonly takers: ((message: string) => void)[] = [];

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      const text = (data as Buffer).toString();
      const taker = this.takers.shift();
      if (taker === undefined) this.queue.push(text);
      else taker(text);
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  send(message: string | object): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The next message, past or future. */
  next(): Promise<string> {
    const message = this.queue.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => this.takers.push(resolve));
  }

  async nextJson(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.next()) as Record<string, unknown>;
  }

  get unread(): readonly string[] {
    return this.queue;
  }
}

export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly body: string,
  ) {
    super(`refused with ${status}`);
  }
}

export function connect(
  url: string,
  protocols: string[] = [],
  options: ClientOptions = {},
): Promise<TestClient> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols, options);
    const client = new TestClient(socket);
    socket.once('open', () => {
      resolve(client);
    });
    socket.once('unexpected-response', (request, response: IncomingMessage) => {
      void collect(response).then((body) => {
        request.destroy();
        reject(new Refusal(response.statusCode ?? 0, body));
      });
    });
    socket.once('error', reject);
  });
}

/** The status with which a handshake is refused; 101 when it is not. */
export async function handshakeStatus(
  url: string,
  protocols?: string[],
  options?: ClientOptions,
): Promise<number> {
  try {
    const client = await connect(url, protocols, options);
    client.socket.terminate();
    return 101;
  } catch (error) {
    if (error instanceof Refusal) return error.status;
    throw error;
  }
}

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface Call {
  body?: string | Buffer;
  /** Service in the signature's scope; `null` = unsigned. */
  service?: string | null;
  headers?: Record<string, string>;
}

export function call(
  method: string,
  url: string,
  { body, service = 'execute-api', headers }: Call = {},
): Promise<Answer> {
  const signature = `AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/${String(service)}/aws4_request, SignedHeaders=host, Signature=00`;
  const all = { ...(service !== null && { Authorization: signature }), ...headers };
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers: all, agent: false }, (response) => {
      void collect(response).then((text) => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function collect(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** A socket after a hand-made handshake, for frames that no decent client sends. */
export function rawClient(port: number, path: string): Promise<RawClient> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(port, '127.0.0.1');
    const client = new RawClient(socket);
    socket.on('error', reject);
    socket.write(upgradeText(path));
    void client
      .waitFor((bytes) => bytes.includes('\r\n\r\n'))
      .then(() => {
        resolve(client);
      });
  });
}

export function upgradeText(path: string): string {
  const lines = ['Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  return `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
}

export class RawClient {
  private received = Buffer.alloc(0);
  private readonly waiting = new Set<() => void>();

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      for (const check of [...this.waiting]) check();
    });
  }

  waitFor(fits: (bytes: Buffer) => boolean): Promise<Buffer> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!fits(this.received)) return;
        this.waiting.delete(check);
        resolve(this.received);
      };
      this.waiting.add(check);
      check();
    });
  }

  /** The frames received after the handshake. */
  frames(): Frame[] {
    const frames: Frame[] = [];
    let rest = this.received.subarray(this.received.indexOf('\r\n\r\n') + 4);
    while (rest.length >= 2) {
      const short = rest[1]! & 0x7f;
      const start = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (rest.length < start) break;
      const length =
        short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short;
      if (rest.length < start + length) break;
      const payload = rest.subarray(start, start + length);
      frames.push({ opcode: rest[0]! & 0x0f, isLast: (rest[0]! & 0x80) !== 0, payload });
      rest = rest.subarray(start + length);
    }
    return frames;
  }

  /** The code of the close frame that the gateway sends. */
  async closeCode(): Promise<number> {
    await this.waitFor(() => this.frames().some(({ opcode }) => opcode === 8));
    return this.frames()
      .find(({ opcode }) => opcode === 8)!
      .payload.readUInt16BE(0);
  }
}

export interface Frame {
  opcode: number;
  isLast: boolean;
  payload: Buffer;
}

/** A client's frame; masked with zeros, which leaves the payload readable. */
export function frame(opcode: number, payload: Buffer, { isLast = true, isMasked = true } = {}): Buffer {
  const first = (isLast ? 0x80 : 0) | opcode;
  const mask = isMasked ? 0x80 : 0;
  const length = payload.length;
  const header =
    length < 126
      ? Buffer.from([first, mask | length])
      : length < 65_536
        ? Buffer.from([first, mask | 126, length >> 8, length & 0xff])
        : Buffer.from([
            first,
            mask | 127,
            0,
            0,
            0,
            0,
            length >>> 24,
            (length >> 16) & 0xff,
            (length >> 8) & 0xff,
            length & 0xff,
          ]);
  return Buffer.concat([header, Buffer.alloc(isMasked ? 4 : 0), payload]);
}
