/**
 * A message as it is sent: made into text once, with what changes from try to try put in front.
 */
import { PubSubError } from './errors';
import type { Frame } from './messages';
import { byteLength } from './utf8';
import { frameBytes } from './wire-limits';

/** A frame whose bytes are counted with all that a later try may add. */
export interface Outgoing {
  readonly json: string;
  readonly bytes: number;
}

const retryMark = '"retry":true,';
/** With the longest time. */
const timeoutBytes = 24;

/** Throws `invalid_message` and `payload_too_large`. */
export function asOutgoing(frame: Frame, timeoutMs: number | undefined): Outgoing {
  const json = `${jsonOf({ ...frame, content: undefined }).slice(0, -1)},"content":${jsonOf(frame.content)}}`;
  const bytes = byteLength(json) + retryMark.length + (timeoutMs === undefined ? 0 : timeoutBytes);
  if (bytes > frameBytes)
    throw new PubSubError('payload_too_large', `${bytes} bytes; ${frameBytes} are allowed`);
  return { json, bytes };
}

/**
 * The text of one try. Of a request, it says how much time is left: the service counts from when the text arrives. Our
 * clock may be set while a message waits.
 */
export function textOf(
  { json }: Outgoing,
  isRepeat: boolean,
  timeoutMs: number | undefined,
  waitedMs: number,
): string {
  const left =
    timeoutMs === undefined
      ? ''
      : `"timeout_ms":${Math.max(1, Math.ceil(timeoutMs - Math.max(0, waitedMs)))},`;
  return `{${isRepeat ? retryMark : ''}${left}${json.slice(1)}`;
}

function jsonOf(value: unknown): string {
  let json: string | undefined;
  let cause: unknown;
  try {
    // Nothing for `undefined`, a function and a symbol.
    json = JSON.stringify(value);
  } catch (error) {
    cause = error;
  }
  if (json !== undefined) return json;
  throw new PubSubError('invalid_message', 'The content is not JSON', { cause });
}
