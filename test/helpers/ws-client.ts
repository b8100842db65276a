/**
 * A patient client: every frame is queued from the first byte on, so that a test can ask for it later and miss none.
 * Knows sockets, JSON and the schemas of frames; what the frames mean is the tests' business.
 */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import WebSocket from 'ws';
import { inTurn, inTurnUntilAnswered } from '../tls/turns';
import { serverFrameError } from './frame-schemas';

/** A frame of the server, as parsed. */
export type Frame = Readonly<Record<string, unknown>>;

/** Fields that must be equal, or a test of the whole frame. */
export type Match = Frame | ((frame: Frame) => boolean);

export interface Closing {
  readonly code: number;
  readonly reason: string;
}

interface Waiter {
  readonly match: Match;
  readonly resolve: (frame: Frame) => void;
}

const patienceMs = 20_000;

export class TestClient {
  /** Every frame so far, in the order of arrival, taken by `next` or not. */
  readonly received: Frame[] = [];
  /** The same as texts. */
  readonly texts: string[] = [];
  /** Frames that are not as `docs/schema` says, and why. */
  readonly schemaErrors: string[] = [];
  /** Settles when the socket is closed, by whichever side. */
  readonly closed: Promise<Closing>;
  private readonly untaken: Frame[] = [];
  private readonly waiters = new Set<Waiter>();

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.take(data.toString());
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  /** Rejects when the handshake is refused. */
  static open(url: string, subProtocols: readonly string[] = []): Promise<TestClient> {
    return inTurnUntilAnswered(() => TestClient.openNow(url, subProtocols));
  }

  private static async openNow(url: string, subProtocols: readonly string[]): Promise<TestClient> {
    const socket = new WebSocket(url, [...subProtocols], { perMessageDeflate: false });
    // Before the handshake ends: a frame may come in the same packet as the 101.
    const client = new TestClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.on('error', reject);
    });
    return client;
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Ids of the messages so far, ACKs and ERRORs left out. */
  get messageIds(): unknown[] {
    return this.received.filter(isMessage).map((frame) => frame.id);
  }

  /** The first frame that matches and was not given out yet, now or later. */
  next(match: Match = () => true, timeoutMs = patienceMs): Promise<Frame> {
    const index = this.untaken.findIndex((frame) => matches(frame, match));
    const [found] = index === -1 ? [] : this.untaken.splice(index, 1);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters.delete(waiter);
        const wanted = typeof match === 'function' ? 'a matching frame' : JSON.stringify(match);
        const last = this.texts.slice(-5).map((text) => text.slice(0, 200));
        reject(
          new Error(`${wanted} did not come in ${timeoutMs} ms; the last frames were ${last.join(' ')}`),
        );
      }, timeoutMs);
      const waiter: Waiter = {
        match,
        resolve: (frame) => {
          clearTimeout(timer);
          resolve(frame);
        },
      };
      this.waiters.add(waiter);
    });
  }

  /** The next message that is neither an ACK nor an ERROR. */
  nextMessage(fields: Frame = {}, timeoutMs?: number): Promise<Frame> {
    return this.next((frame) => isMessage(frame) && matches(frame, fields), timeoutMs);
  }

  send(frame: unknown): void {
    this.sendText(JSON.stringify(frame));
  }

  sendText(text: string): void {
    inTurn(() => {
      this.socket.send(text);
    });
  }

  sendBytes(bytes: Uint8Array): void {
    inTurn(() => {
      this.socket.send(bytes, { binary: true });
    });
  }

  /** A text frame of these bytes, UTF-8 or not. */
  sendTextBytes(bytes: Uint8Array): void {
    inTurn(() => {
      this.socket.send(bytes, { binary: false });
    });
  }

  /** One message in several frames of at most `bytes` each. */
  sendInPieces(text: string, bytesPerFrame: number): void {
    const bytes = Buffer.from(text);
    inTurn(() => {
      for (let start = 0; start < bytes.length; start += bytesPerFrame) {
        const end = start + bytesPerFrame;
        this.socket.send(bytes.subarray(start, end), { binary: false, fin: end >= bytes.length });
      }
    });
  }

  /** Sends the frame, with an id of its own unless it has one, and gives its ACK or ERROR. */
  request(frame: Frame): Promise<Frame> {
    const id = frame.id ?? randomUUID();
    this.send({ id, ...frame });
    return this.reply(id);
  }

  /** The ACK or ERROR that carries the id. */
  reply(id: unknown): Promise<Frame> {
    return this.next((frame) => !isMessage(frame) && frame.message_id === id);
  }

  /** Closes with a handshake. */
  async close(code = 1000): Promise<Closing> {
    inTurn(() => {
      this.socket.close(code);
    });
    return this.closed;
  }

  /** Drops the socket without a closing handshake. */
  async terminate(): Promise<void> {
    inTurn(() => {
      this.socket.terminate();
    });
    await this.closed;
  }

  /** At level 1 a text is a frame or an array of frames. */
  private take(text: string): void {
    const read = JSON.parse(text) as Frame | readonly Frame[];
    this.texts.push(text);
    for (const frame of Array.isArray(read) ? (read as readonly Frame[]) : [read as Frame])
      this.takeFrame(frame);
  }

  private takeFrame(frame: Frame): void {
    this.received.push(frame);
    const error = serverFrameError(frame);
    if (error !== undefined) this.schemaErrors.push(`${error} in ${JSON.stringify(frame).slice(0, 500)}`);
    for (const waiter of this.waiters) {
      if (!matches(frame, waiter.match)) continue;
      this.waiters.delete(waiter);
      waiter.resolve(frame);
      return;
    }
    this.untaken.push(frame);
  }
}

/** Users' types are lower case, the service's own upper case. */
export function isMessage(frame: Frame): boolean {
  return typeof frame.type === 'string' && frame.type === frame.type.toLowerCase();
}

function matches(frame: Frame, match: Match): boolean {
  if (typeof match === 'function') return match(frame);
  return Object.entries(match).every(([name, value]) => isDeepStrictEqual(frame[name], value));
}
