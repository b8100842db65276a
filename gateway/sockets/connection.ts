/**
 * One open WebSocket: frame limits, timers, sending in fragments, and the reason for its end. Contains the rules of
 * the platform for a socket; its owner handles events and functions.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ApiRuntime } from './api-runtime';
import type { Timer } from '../clock';
import type { ConnectionFacts } from '../events/request-context';
import type { Vanishing } from '../faults/event-faults';
import { FrameTap } from './frame-tap';
import { codeOf } from '../json';
import { limits } from '../platform';

/** The code and reason in the `$disconnect` event. */
export interface Ending {
  code: number;
  reason: string;
}

export interface ConnectionEvents {
  onMessage(text: string): void;
  /** The connection is no longer open, so posts to it fail. */
  onClosing(): void;
  /** The socket is closed; called once. */
  onClosed(ending: Ending): void;
}

/**
 * Close codes for the errors that the socket library detects (RFC 6455). AWS uses 1009 for messages over 128 KB too.
 */
const libraryCloseCodes: Record<string, number> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
};

export class Connection {
  lastActiveAt: number;
  private lastSentAt: number;
  private ending: Ending | undefined;
  private isOpen = true;
  private vanished: Vanishing | undefined;
  private goneAt = Infinity;
  private deliveredMessages = 0;
  private readonly tap = new FrameTap();
  private idleTimer: Timer | undefined;
  private readonly lifetimeTimer: Timer;

  constructor(
    private readonly socket: WebSocket,
    stream: Duplex,
    readonly facts: ConnectionFacts,
    readonly viaEdge: boolean,
    private readonly platform: Pick<ApiRuntime, 'clock' | 'faults' | 'unverified' | 'costs'>,
    private readonly events: ConnectionEvents,
  ) {
    const { clock, faults, unverified } = platform;
    this.lastActiveAt = this.lastSentAt = clock.now();
    this.watchIdleness();
    this.lifetimeTimer = clock.after(facts.connectedAt + limits.lifetimeMs - clock.now(), () => {
      this.close(1001, 'Going away', { code: 1001, reason: 'Going away' });
    });
    // Registered before the library's listener, so that an oversized frame is detected before later frames are processed.
    stream.prependListener('data', (chunk: Uint8Array) => {
      if (this.isOpen && this.tap.push(chunk)) this.close(1009, '', { code: 1009, reason: '' });
    });
    socket.on('message', (data, isBinary) => {
      this.receive(data as Buffer, isBinary);
    });
    // The library answers pings. CloudFront counts the answers as data from the origin.
    socket.on('ping', () => {
      this.lastSentAt = clock.now();
      if (unverified.pingsKeepAlive) this.lastActiveAt = this.lastSentAt;
    });
    socket.on('error', (error) => {
      const libraryCode = codeOf(error);
      if (libraryCode?.startsWith('WS_ERR_'))
        this.endWith({ code: libraryCloseCodes[libraryCode] ?? 1002, reason: '' });
    });
    socket.on('close', (code, reason) => {
      if (code === 1006 && this.isOpen) this.vanished = faults.vanish();
      if (this.vanished !== undefined) {
        this.goneAt = clock.now() + this.vanished.goneAfterMs;
        return;
      }
      this.endWith(clientEnding(code, reason.toString()));
      this.events.onClosed(this.ending ?? { code, reason: '' });
    });
  }

  /** The peer is disconnected, but the platform has not detected it. */
  get hasVanished(): boolean {
    return this.vanished !== undefined;
  }

  /** Calls get 410 for a vanished peer, although the connection ends only by a timer. */
  get isKnownToBeGone(): boolean {
    return this.platform.clock.now() >= this.goneAt;
  }

  get hangsPosts(): boolean {
    return this.vanished?.posts === 'hang';
  }

  /** AWS answers a POST with 429 when its buffer of unread data for the client is full. */
  get isClogged(): boolean {
    return this.socket.bufferedAmount > limits.clientBufferBytes;
  }

  /** One text message; AWS splits it into frames of at most 32 KB, even inside a character. */
  send(data: Buffer): void {
    this.lastActiveAt = this.lastSentAt = this.platform.clock.now();
    this.platform.costs.sent(data.length, this.viaEdge);
    if (this.vanished !== undefined) return;
    for (let start = 0; start === 0 || start < data.length; start += limits.frameBytes) {
      const end = start + limits.frameBytes;
      this.socket.send(data.subarray(start, end), { binary: false, fin: end >= data.length });
    }
  }

  /**
   * Ends the connection from our side, with the close frame for the client and the code and reason for `$disconnect`.
   */
  close(code: number, clientReason: string, ending: Ending): void {
    if (!this.isOpen) return;
    this.endWith(ending);
    if (this.vanished === undefined) this.socket.close(code, clientReason);
    else this.events.onClosed(ending);
  }

  terminate(): void {
    this.socket.terminate();
  }

  private receive(data: Buffer, isBinary: boolean): void {
    this.deliveredMessages += 1;
    // Messages that arrived together with an oversized frame count only if they were complete before it.
    const cameFirst = this.tap.frameTooLarge && this.deliveredMessages <= this.tap.completedMessages;
    if (!this.isOpen && !cameFirst) return;
    if (isBinary) {
      this.close(1003, '', { code: 1003, reason: '' });
      return;
    }
    this.lastActiveAt = this.platform.clock.now();
    this.platform.costs.received(data.length);
    this.events.onMessage(data.toString());
  }

  /** The first reason counts: the client's answer to our close frame is not a second reason. */
  private endWith(ending: Ending): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.ending = ending;
    this.idleTimer?.cancel();
    this.lifetimeTimer.cancel();
    this.events.onClosing();
  }

  /** CloudFront sends no close frame to either side. */
  private cut(): void {
    const ending = { code: 1006, reason: '' };
    this.endWith(ending);
    if (this.vanished === undefined) this.socket.terminate();
    else this.events.onClosed(ending);
  }

  /** One timer, which checks the last activity when it fires. Resetting it on every message would be slower. */
  private watchIdleness(): void {
    const silentAt = this.viaEdge ? this.lastSentAt + limits.edgeSilenceMs : Infinity;
    const idleAt = this.lastActiveAt + limits.idleMs;
    const now = this.platform.clock.now();
    if (now >= idleAt) {
      this.close(1001, 'Going away', { code: 1001, reason: 'Going away' });
    } else if (now >= silentAt) {
      this.cut();
    } else {
      this.idleTimer = this.platform.clock.after(Math.min(idleAt, silentAt) - now, () => {
        this.watchIdleness();
      });
    }
  }
}

/** AWS forwards the client's code and reason. The text for a missing code is the documented one. */
function clientEnding(code: number, reason: string): Ending {
  return code === 1005 ? { code, reason: 'Client-side close frame status not set' } : { code, reason };
}
