/**
 * Parses the text of a client to typed frames. Never throws. An error names the rule that is broken and repeats nothing of
 * the text but the id of the frame.
 */
import { type ParsedMessage, readPublish } from './frames/client/publish';
import { isControlType, type ParsedControl, readControl } from './frames/all-frames';
import type { ErrorDetails } from './frames/server/error';
import { isAbsent, isJsonObject, readJson } from './json';
import { limits } from './limits';
import { needsScan, scanJson } from './scan-json';
import { isId, isMessageType } from './names';

export type ParsedFrame =
  | { readonly ok: true; readonly kind: 'message'; readonly frame: ParsedMessage }
  | { readonly ok: true; readonly kind: 'control'; readonly control: ParsedControl }
  | { readonly ok: false; readonly error: ErrorDetails };

/** The id that an answer to the frame carries, if any. */
export function frameId(parsed: ParsedFrame): unknown {
  if (!parsed.ok) return parsed.error.messageId;
  return parsed.kind === 'control' ? parsed.control.id : parsed.frame.id;
}

/** One text message: a frame, or an array of 1–25 frames. Gives one result per frame, in order. */
export function parseText(text: string): readonly ParsedFrame[] {
  const reading = readFrames(text);
  return 'ok' in reading ? [reading] : reading.values.map(parseFrame);
}

/** The values of one text, or why none of them can be read. */
function readFrames(
  text: string,
): ParsedFrame | { readonly isBatch: boolean; readonly values: readonly unknown[] } {
  const excess = needsScan(text) ? overLimit(text) : undefined;
  if (excess !== undefined) return excess;
  const reading = readJson(text);
  if (!reading.ok) return refuse('invalid_message', reading.error);
  if (!Array.isArray(reading.value)) return { isBatch: false, values: [reading.value] };
  const values: unknown[] = reading.value;
  // BAT-3
  if (values.length === 0) return refuse('invalid_message', 'An empty batch');
  if (values.length > limits.batchFrames) {
    return refuse('limit_exceeded', `A batch holds at most ${limits.batchFrames} frames`);
  }
  return { isBatch: true, values };
}

/** Whom the messages of an HTTP request are for: its path says so. */
export type Receiver = { readonly channel_id: string } | { readonly to: string };

export interface ParsedPublishes {
  /** Whether the text is an array, which is answered with an array. */
  readonly isBatch: boolean;
  /** A text that can't be read is one error, and no batch. */
  readonly frames: readonly ParsedFrame[];
}

/** HTTP-4: the messages of an HTTP request, one or an array of 1–25. Never a control frame. */
export function parsePublishes(text: string, receiver: Receiver): ParsedPublishes {
  const reading = readFrames(text);
  if ('ok' in reading) return { isBatch: false, frames: [reading] };
  const frames = reading.values.map((value) => parsePublish(value, receiver));
  return { isBatch: reading.isBatch, frames };
}

function parsePublish(value: unknown, receiver: Receiver): ParsedFrame {
  if (!isJsonObject(value)) return refuse('invalid_message', 'A message must be a JSON object');
  const messageId = echoableId(value.id);
  if (!isAbsent(value.channel_id) || !isAbsent(value.to))
    return refuse('invalid_message', 'The path names the receiver, not "channel_id" or "to"', messageId);
  // Of the frame, the receiver is one.
  if (Object.keys(value).length > limits.fields - 1)
    return refuse('limit_exceeded', `A message with more than ${limits.fields - 1} fields`, messageId); // ERR-9
  const fields = Object.entries(value).filter(([name]) => name !== 'channel_id' && name !== 'to');
  const parsed = parseFrame({ ...Object.fromEntries(fields), ...receiver });
  return parsed.ok && parsed.kind === 'control'
    ? refuse('unknown_type', 'This type is of the socket', messageId)
    : parsed;
}

/** ERR-9: checked before the text is parsed, because such a text would take too long. */
function overLimit(text: string): ParsedFrame | undefined {
  const { depth, values, id } = scanJson(text);
  if (depth > limits.textDepth) {
    return refuse('invalid_message', `Nested deeper than ${limits.depth} levels`, echoableId(id));
  }
  if (values > limits.values) {
    return refuse('limit_exceeded', `More than ${limits.values} values`, echoableId(id));
  }
  return undefined;
}

/** Checks what all frames share: the number of fields, the id and the type. */
function parseFrame(value: unknown): ParsedFrame {
  if (!isJsonObject(value)) return refuse('invalid_message', 'A frame must be a JSON object');
  const messageId = echoableId(value.id);
  if (Object.keys(value).length > limits.fields) {
    return refuse('limit_exceeded', `A frame with more than ${limits.fields} fields`, messageId); // ERR-9
  }
  const { id, type } = value;
  if (!isAbsent(id) && !isId(id))
    return refuse('invalid_message', '"id" must be a string of 1–128 characters', messageId);
  if (!isAbsent(type) && !isText(type, limits.typeLength))
    return refuse(
      'invalid_message',
      `"type" must be a string of 1–${limits.typeLength} characters`,
      messageId,
    );
  const messageType = type ?? 'message';
  if (!isMessageType(messageType)) return refuse('unknown_type', 'Unknown message type', messageId); // ERR-2
  if (isControlType(messageType)) {
    const reading = readControl(messageType, id ?? undefined, value);
    return 'code' in reading
      ? { ok: false, error: { ...reading, messageId } } // LVL-4
      : { ok: true, kind: 'control', control: reading };
  }
  const reading = readPublish(id ?? undefined, messageType, value);
  return 'code' in reading
    ? { ok: false, error: { ...reading, messageId } }
    : { ok: true, kind: 'message', frame: reading };
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxLength;
}

/** ERR-3: the id to repeat in an ERROR. The client waits for it even when it breaks the grammar. */
function echoableId(id: unknown): unknown {
  if (isAbsent(id)) return undefined;
  if (typeof id === 'string') return id.length <= limits.echoedIdLength ? id : undefined;
  if (typeof id === 'number' && !Number.isFinite(id)) return undefined;
  return new TextEncoder().encode(JSON.stringify(id)).length <= limits.echoedIdLength ? id : undefined;
}

function refuse(code: ErrorDetails['code'], text: string, messageId?: unknown): ParsedFrame {
  return { ok: false, error: { code, text, messageId } };
}
