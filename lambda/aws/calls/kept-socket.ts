/**
 * One socket to the service, and the call that is on it.
 */
import type { Socket } from 'node:net';
import { AnswerReader } from './answer-reader';

/** A call on its way, whichever socket it is on. */
export interface PendingCall {
  /** Head and body, written at once. */
  readonly request: string;
  /** Where it is now; `undefined` while it waits for one. */
  socket: KeptSocket | undefined;
  /** The first word counts. `read`: what is known of the answer. */
  settle(read: Pick<AnswerReader, 'status' | 'date'> | undefined, systemCode: string | undefined): void;
}

export interface SocketEvents {
  /** The answer was read to its end; another call can follow. */
  free(socket: KeptSocket): void;
  /** The socket is gone. `stale`: the call that found it so, and got nowhere. */
  ended(socket: KeptSocket, stale: PendingCall | undefined): void;
}

export class KeptSocket {
  private readonly reader = new AnswerReader();
  private call: PendingCall | undefined;
  private isReused = false;
  private systemCode: string | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly events: SocketEvents,
  ) {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 1_000);
    socket.on('data', (bytes: Buffer) => {
      this.read(bytes);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => (this.systemCode = error.code));
    socket.on('close', () => {
      this.closed();
    });
  }

  serve(call: PendingCall): void {
    this.call = call;
    call.socket = this;
    this.reader.begin();
    this.socket.ref();
    this.socket.write(call.request);
  }

  /** Ends the call with what is known by now, and the socket: the rest of the answer may still come. */
  giveUp(): void {
    const { call, reader } = this;
    this.call = undefined;
    call?.settle(reader, undefined);
    this.socket.destroy();
  }

  private read(bytes: Buffer): void {
    const { call, reader } = this;
    // Bytes behind an answer that nobody has asked for are read as a part of it, which makes it the last.
    const progress = reader.read(bytes);
    if (progress === 'last') this.socket.destroy();
    if (call === undefined || progress === 'more') return;
    this.call = undefined;
    call.settle(reader, undefined);
    if (progress === 'last') return;
    this.isReused = true;
    // What waits for a call only does not keep a process alive.
    this.socket.unref();
    this.events.free(this);
  }

  private closed(): void {
    const { call, reader } = this;
    this.call = undefined;
    const isStale = call !== undefined && this.isReused && !reader.hasBegun;
    this.events.ended(this, isStale ? call : undefined);
    // A server that ends the socket in order says no code: it has not answered all the same.
    if (!isStale) call?.settle(reader, this.systemCode ?? 'ECONNRESET');
  }
}
