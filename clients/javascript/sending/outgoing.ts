/**
 * A message as it is sent: made into text once, with what changes from try to try put in front.
 */
import { frameBytes } from '../../../protocol/limits';
import { PubSubError } from '../shared/errors';
import type { Frame } from '../shared/messages';
import { byteLength } from '../shared/utf8';

/** A frame whose bytes are counted with all that a later try may add. */
export interface Outgoing {
  readonly json: string;
  readonly bytes: number;
  /** Of a request: how long its asker waits. */
  readonly timeoutMs: number | undefined;
}

/** `"retry":true,` and `"timeout_ms":` with the longest time. */
const headBytes = 13 + 24;

/** Throws `invalid_message` and `payload_too_large`. */
export function asOutgoing(frame: Frame, timeoutMs: number | undefined): Outgoing {
  let json: string | undefined;
  let cause: unknown;
  try {
    // Nothing for `undefined`, a function and a symbol.
    const content = JSON.stringify(frame.content) as string | undefined;
    json =
      content && `${JSON.stringify({ ...frame, content: undefined }).slice(0, -1)},"content":${content}}`;
  } catch (error) {
    cause = error;
  }
  if (!json) throw new PubSubError('invalid_message', 'The content is not JSON', { cause });
  const bytes = byteLength(json) + headBytes;
  if (bytes > frameBytes)
    throw new PubSubError('payload_too_large', `${bytes} bytes; ${frameBytes} are allowed`);
  return { json, bytes, timeoutMs };
}

/**
 * The text of one try. Of a request, it says how much time is left: the service counts from when the text arrives. Our
 * clock may be set while a message waits.
 */
export function textOf({ json, timeoutMs }: Outgoing, isRepeat: boolean, waitedMs: number): string {
  const leftMs = timeoutMs && Math.max(1, Math.ceil(timeoutMs - Math.max(0, waitedMs)));
  return `{${isRepeat ? '"retry":true,' : ''}${leftMs ? `"timeout_ms":${leftMs},` : ''}${json.slice(1)}`;
}
