/**
 * Reads frame headers from the bytes that a client sends. AWS limits a single frame to 32 KB of payload; the socket
 * library can limit whole messages only.
 */
import { limits } from '../platform';

export class FrameTap {
  /** Data messages whose last frame has started. When a frame is too large, all of them precede it. */
  completedMessages = 0;
  frameTooLarge = false;
  /** Bytes of payload still to skip. */
  private remaining = 0;
  /** Header bytes seen so far: 2 to 14 of them. */
  private readonly header = new Uint8Array(14);
  private headerLength = 0;

  /** Reads the next bytes of the stream; true when a frame over the limit has started. */
  push(chunk: Uint8Array): boolean {
    let offset = 0;
    while (offset < chunk.length && !this.frameTooLarge) {
      if (this.remaining > 0) {
        const skipped = Math.min(this.remaining, chunk.length - offset);
        this.remaining -= skipped;
        offset += skipped;
      } else {
        this.header[this.headerLength++] = chunk[offset++] ?? 0;
        this.readHeader();
      }
    }
    return this.frameTooLarge;
  }

  private readHeader(): void {
    const [first = 0, second = 0] = this.header;
    const short = second & 0x7f;
    const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
    const maskBytes = second & 0x80 ? 4 : 0;
    if (this.headerLength < 2 || this.headerLength < 2 + lengthBytes + maskBytes) return;
    const length = lengthBytes === 0 ? short : this.readLength(lengthBytes);
    this.headerLength = 0;
    if (length > limits.frameBytes) {
      this.frameTooLarge = true;
      return;
    }
    this.remaining = length;
    const isControl = (first & 0x08) !== 0;
    const isLast = (first & 0x80) !== 0;
    if (isLast && !isControl) this.completedMessages += 1;
  }

  private readLength(bytes: number): number {
    let length = 0;
    for (let index = 2; index < 2 + bytes; index += 1) length = length * 256 + (this.header[index] ?? 0);
    return length;
  }
}
