/**
 * A message as it is sent: made into text once, with what changes from try to try put in front, and what goes together.
 */
import { batchFrames, frameBytes } from '../../../protocol/limits';
import { PubSubError } from '../shared/errors';
import { type Frame, toJson } from '../shared/messages';
import { byteLength } from '../shared/utf8';

/** A frame whose bytes are counted with all that a later try may add. */
export interface Outgoing {
  readonly json: string;
  readonly bytes: number;
  /** Where it goes: the order of messages there is that of the calls. */
  readonly place: string;
  /** Of a request: how long its asker waits. */
  readonly timeoutMs: number | undefined;
}

/** `"retry":true,` and `"timeout_ms":` with the longest time. */
const headBytes = 13 + 24;
/** The brackets of an array. */
const envelopeBytes = 2;

/** Throws `invalid_message` and `payload_too_large`. */
export function asOutgoing(frame: Frame, timeoutMs: number | undefined): Outgoing {
  const content = toJson(frame.content);
  const json = `${toJson({ ...frame, content: undefined }).slice(0, -1)},"content":${content}}`;
  const bytes = byteLength(json) + headBytes;
  if (bytes > frameBytes)
    throw new PubSubError('payload_too_large', `${bytes} bytes; ${frameBytes} are allowed`);
  return { json, bytes, place: [frame.channel_id, frame.to].join('/'), timeoutMs };
}

/**
 * The text of one try. Of a request, it says how much time is left: the service counts from when the text arrives.
 */
export function textOf({ json, timeoutMs }: Outgoing, isRepeat: boolean, waitedMs: number): string {
  const leftMs = timeoutMs && Math.max(1, Math.ceil(timeoutMs - waitedMs));
  return `{${isRepeat ? '"retry":true,' : ''}${leftMs ? `"timeout_ms":${leftMs},` : ''}${json.slice(1)}`;
}

/** The first messages, as many as fit into one text. One that `isSingle` goes alone. */
export function batchOf<T extends { readonly bytes: number; readonly isSingle?: boolean }>(
  queued: Iterable<T>,
): T[] {
  const batch: T[] = [];
  let bytes = envelopeBytes;
  for (const entry of queued) {
    bytes += entry.bytes + 1;
    const isFull = bytes > frameBytes || batch.length === batchFrames || batch[0]?.isSingle;
    if (batch.length > 0 && (isFull || entry.isSingle)) break;
    batch.push(entry);
  }
  return batch;
}
