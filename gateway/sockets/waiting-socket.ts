/**
 * The raw socket of a client during its handshake. It is read all the time, because a socket reports the end of its
 * peer only when it is read.
 */
import type { Duplex } from 'node:stream';

export class WaitingSocket {
  private readonly early: Buffer[] = [];
  private ended = false;

  constructor(
    readonly socket: Duplex,
    head: Buffer,
  ) {
    if (head.length > 0) this.early.push(head);
    socket.on('data', this.keep);
    socket.on('end', this.end);
    socket.on('close', this.end);
  }

  get isGone(): boolean {
    return this.ended || this.socket.destroyed || !this.socket.readable || !this.socket.writable;
  }

  /** Stops reading and returns the data that arrived early. */
  release(): Buffer {
    this.socket.off('data', this.keep);
    this.socket.off('end', this.end);
    this.socket.off('close', this.end);
    return Buffer.concat(this.early);
  }

  private readonly keep = (chunk: Buffer): void => {
    this.early.push(chunk);
  };

  private readonly end = (): void => {
    this.ended = true;
  };
}
