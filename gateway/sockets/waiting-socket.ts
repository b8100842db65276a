/**
 * The raw socket of a client that waits for its handshake. It is read meanwhile, because a socket
 * nobody reads from never tells that its peer has gone.
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

  /** Hands the socket over: gives what arrived early and stops reading. */
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
