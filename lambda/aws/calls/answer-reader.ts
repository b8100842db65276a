/**
 * Reads HTTP/1.1 answers as far as a caller needs who asks for a status only: which it is, and where the next answer begins
 * (RFC 9112). What can't be followed to its end is no error, the socket is only of no use for another call.
 */

/**
 * - `more`: the answer goes on.
 * - `whole`: it is over, and another call can follow on the socket.
 * - `last`: nothing can follow on the socket.
 */
export type Progress = 'more' | 'whole' | 'last';

const headEnd = '\r\n\r\n';
const lineEnd = '\r\n';
/** The service's own answers have a few hundred bytes. */
const maxBytes = 65_536;
const statusLine = /^HTTP\/1\.1 (\d{3})[ \r]/;
const ends = /\r\nconnection:[^\r]*\bclose\b/i;
const dateField = /\r\ndate:[ \t]*([^\r]*)\r/i;
const coding = /\r\ntransfer-encoding:[ \t]*([^\r]*?)[ \t]*\r\n/i;
const lengths = /\r\ncontent-length:[ \t]*([^\r]*?)[ \t]*(?=\r\n)/gi;

export class AnswerReader {
  /** Known as soon as the head has been read. */
  status: number | undefined;
  /** Its `Date`, when the head has one. */
  date: string | undefined;
  /** Whether anything at all has come. */
  hasReceived = false;
  private text = '';

  /** The next answer is another call's. */
  reset(): void {
    this.status = undefined;
    this.date = undefined;
    this.hasReceived = false;
    this.text = '';
  }

  read(bytes: Buffer): Progress {
    this.hasReceived = true;
    // One character a byte, as all positions are those of bytes.
    this.text += bytes.toString('latin1');
    return this.text.length > maxBytes ? 'last' : this.progress();
  }

  private progress(): Progress {
    const bodyAt = this.text.indexOf(headEnd) + headEnd.length;
    if (bodyAt < headEnd.length) return 'more';
    const status = Number(statusLine.exec(this.text)?.[1]);
    if (!(status >= 100) || status === 101) return 'last';
    if (status < 200) {
      // An interim answer has no body; the one that counts comes behind it.
      this.text = this.text.slice(bodyAt);
      return this.progress();
    }
    this.status = status;
    const head = this.text.slice(0, bodyAt);
    this.date = dateField.exec(head)?.[1];
    const end = endOf(this.text, bodyAt, status);
    if (end === undefined || end < this.text.length) return 'last';
    if (end > this.text.length) return 'more';
    return ends.test(head) ? 'last' : 'whole';
  }
}

/** Where the body ends, above the text's length when it is not all there; `undefined` when only the socket's end would tell. */
function endOf(text: string, bodyAt: number, status: number): number | undefined {
  if (status === 204 || status === 304) return bodyAt;
  // With the line end of the last field.
  const head = text.slice(0, bodyAt - lineEnd.length);
  const transfer = coding.exec(head)?.[1];
  const [length, ...others] = [...head.matchAll(lengths)].map(([, value = '']) => value);
  if (transfer !== undefined)
    return transfer.toLowerCase() === 'chunked' && length === undefined
      ? endOfChunks(text, bodyAt)
      : undefined;
  return length !== undefined && others.length === 0 && /^\d{1,9}$/.test(length)
    ? bodyAt + Number(length)
    : undefined;
}

function endOfChunks(text: string, bodyAt: number): number | undefined {
  for (let at = bodyAt; ;) {
    const sizeEnd = text.indexOf(lineEnd, at);
    if (sizeEnd === -1) return Infinity;
    const size = /^[\da-f]{1,8}(?=$|[ \t;])/i.exec(text.slice(at, sizeEnd))?.[0];
    if (size === undefined) return undefined;
    const dataAt = sizeEnd + lineEnd.length;
    if (Number.parseInt(size, 16) === 0) {
      // Fields may stand behind the last chunk; an empty line ends them.
      const last = text.indexOf(headEnd, sizeEnd);
      return last === -1 ? Infinity : last + headEnd.length;
    }
    at = dataAt + Number.parseInt(size, 16) + lineEnd.length;
    if (at > text.length) return Infinity;
  }
}
