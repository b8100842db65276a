/** A client of `artcafe verify`: keeps every frame, so that a check can ask for one that has already come. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';

export type Frame = Readonly<Record<string, unknown>>;
type Match = (frame: Frame) => boolean;

/** API Gateway takes no larger frame of WebSocket; a message has several. */
const wireFrameBytes = 32_000;
const handshakeMs = 35_000;
/** Longer than the service may take. */
const patienceMs = 10_000;

/** A handshake that did not end with 101. */
export class Refusal extends Error {
  constructor(readonly status: number) {
    super(`handshake refused with ${status}`);
  }
}

export class Client {
  /** Settles with the code when the socket is closed. */
  readonly closed: Promise<number>;
  private readonly frames: Frame[] = [];
  private readonly waiting = new Set<() => void>();

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      const read = JSON.parse(data.toString()) as Frame | readonly Frame[];
      this.frames.push(...[read].flat());
      for (const check of [...this.waiting]) check();
    });
    this.closed = new Promise((resolve) => socket.on('close', resolve));
  }

  /** @throws Refusal when the handshake has another status than 101 */
  static async open(url: string, subProtocols: readonly string[] = []): Promise<Client> {
    const socket = new WebSocket(url, [...subProtocols], { handshakeTimeout: handshakeMs });
    const client = new Client(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('unexpected-response', (_request, { statusCode = 0 }: IncomingMessage) => {
        reject(new Refusal(statusCode));
        socket.terminate();
      });
      socket.on('error', reject);
    });
    return client;
  }

  get subProtocol(): string {
    return this.socket.protocol;
  }

  /** The first frame that matches, past or future. */
  next(match: Match, timeoutMs = patienceMs): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.waiting.delete(check);
      };
      const check = (): void => {
        const found = this.frames.find(match);
        if (found === undefined) return;
        end();
        resolve(found);
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`nothing came within ${timeoutMs / 1_000} s`));
      }, timeoutMs);
      this.waiting.add(check);
      check();
    });
  }

  /** Sends a frame with an id, and gives its ACK or another answer. An ERROR is thrown. */
  async request(frame: Frame): Promise<Frame> {
    const id = randomUUID();
    this.send({ id, ...frame });
    const answer = await this.next(({ message_id }) => message_id === id);
    if (answer.type === 'ERROR') throw new Error(`ERROR ${String(answer.code)}: ${String(answer.error)}`);
    return answer;
  }

  /** Milliseconds until the ACK of a message. */
  async timeOfAck(content: unknown): Promise<number> {
    const startedAt = performance.now();
    await this.request({ content });
    return performance.now() - startedAt;
  }

  send(frame: Frame): void {
    const bytes = Buffer.from(JSON.stringify(frame));
    for (let start = 0; start < bytes.length; start += wireFrameBytes) {
      const end = start + wireFrameBytes;
      this.socket.send(bytes.subarray(start, end), { binary: false, fin: end >= bytes.length });
    }
  }

  close(): void {
    this.socket.close(1000);
  }

  /** Without a closing handshake. */
  cut(): void {
    this.socket.terminate();
  }
}
