/**
 * One socket to the service, and the call that is on it.
 */
import type { Socket } from 'node:net';
import { AnswerReader } from './answer-reader';
import type { PendingCall } from './pending-call';

export interface SocketEvents {
  /** The handshake is over; `free` follows. */
  opened(): void;
  /** A call can follow: the socket has just opened, or an answer was read to its end. */
  free(socket: KeptSocket): void;
  /** The socket is closed. `stale`: a call that was written to a kept socket which the server had closed. */
  ended(socket: KeptSocket, systemCode: string, stale: PendingCall | undefined): void;
}

/** Far more than a handshake takes at the smallest share of a processor. One that hangs must not hold a place for longer. */
const openMs = 1_000;

export class KeptSocket {
  isOpen = false;
  /** When it was last free, in milliseconds of `performance.now()`. */
  idleSince = 0;
  private readonly reader = new AnswerReader();
  private call: PendingCall | undefined;
  private isReused = false;
  private systemCode: string | undefined;

  /** `openEvent`: after which requests can be written; `secureConnect` over TLS. */
  constructor(
    private readonly socket: Socket,
    openEvent: 'connect' | 'secureConnect',
    private readonly events: SocketEvents,
  ) {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 1_000);
    const opening = setTimeout(() => socket.destroy(), openMs);
    socket.once(openEvent, () => {
      clearTimeout(opening);
      this.isOpen = true;
      events.opened();
      this.becomeFree();
    });
    socket.on('data', (bytes: Buffer) => {
      this.read(bytes);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => (this.systemCode = error.code));
    socket.on('close', () => {
      clearTimeout(opening);
      this.closed();
    });
  }

  serve(call: PendingCall): void {
    this.call = call;
    this.reader.reset();
    this.socket.ref();
    this.socket.write(call.request);
    call.sent(() => {
      this.giveUp();
    });
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Ends the call with what is known, and the socket: the rest of the answer may still come. */
  private giveUp(): void {
    const { call, reader } = this;
    this.call = undefined;
    call?.settle(reader, undefined);
    this.destroy();
  }

  private read(bytes: Buffer): void {
    const { call, reader } = this;
    // Unexpected bytes after an answer are read as a part of it, which makes it the last one.
    const progress = reader.read(bytes);
    if (progress === 'last') this.destroy();
    if (call === undefined || progress === 'more') return;
    this.call = undefined;
    call.settle(reader, undefined);
    if (progress === 'last') return;
    this.isReused = true;
    this.becomeFree();
  }

  private becomeFree(): void {
    this.idleSince = performance.now();
    // An idle socket does not keep the process alive.
    this.socket.unref();
    this.events.free(this);
  }

  private closed(): void {
    const { call, reader } = this;
    this.call = undefined;
    // A server that closes the socket in order gives no code, but it has not answered either.
    const systemCode = this.systemCode ?? 'ECONNRESET';
    const isStale = call !== undefined && this.isReused && !reader.hasReceived && !call.isRepeated;
    this.events.ended(this, systemCode, isStale ? call : undefined);
    if (!isStale) call?.settle(reader, systemCode);
  }
}
