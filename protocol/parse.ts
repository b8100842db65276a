/**
 * From a client's text to typed frames, once, at the border. Inside there are no casts and no surprises.
 * Nothing here throws, whatever the bytes are; a complaint says what was wrong and repeats only the frame's id.
 */
import { type ControlFrame, isControlType, readControl } from './control';
import { storageComplaint, isJsonObject, type JsonObject, readJson } from './json';
import { limits } from './limits';
import type { ErrorDetails, PublishFrame } from './messages';
import { needsScan, scanJson } from './scan-json';
import { isChannel, isId, isMessageType, isReservedChannel } from './names';

export type ParsedFrame =
  | { readonly ok: true; readonly kind: 'message'; readonly frame: PublishFrame }
  | { readonly ok: true; readonly kind: 'control'; readonly control: ControlFrame }
  | { readonly ok: false; readonly error: ErrorDetails };

/** The id that an answer to the frame carries, if any. */
export function frameId(parsed: ParsedFrame): unknown {
  if (!parsed.ok) return parsed.error.messageId;
  return parsed.kind === 'control' ? parsed.control.id : parsed.frame.id;
}

/** One text message: a frame, or an array of 1–25 frames. Gives one result per frame, in order. */
export function parseText(text: string): readonly ParsedFrame[] {
  const excess = needsScan(text) ? overLimit(text) : undefined;
  if (excess !== undefined) return [excess];
  const reading = readJson(text);
  if (!reading.ok) return [refuse('invalid_message', reading.error)];
  if (!Array.isArray(reading.value)) return [parseFrame(reading.value)];
  const frames: unknown[] = reading.value;
  if (frames.length === 0) return [refuse('invalid_message', 'An empty batch')];
  if (frames.length > limits.batchFrames) {
    return [refuse('limit_exceeded', `A batch holds at most ${limits.batchFrames} frames`)];
  }
  return frames.map(parseFrame);
}

/** What is wrong with a text that would take too long to read, all of it or its parts. */
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

function parseFrame(value: unknown): ParsedFrame {
  if (!isJsonObject(value)) return refuse('invalid_message', 'A frame must be a JSON object');
  const messageId = echoableId(value.id);
  const refuseThis = (text: string): ParsedFrame => refuse('invalid_message', text, messageId);

  if (Object.keys(value).length > limits.fields) {
    return refuse('limit_exceeded', `A frame with more than ${limits.fields} fields`, messageId);
  }
  // A null stands for "not given": serializers of many languages write absent fields so.
  const { id, type, content, metadata, channel_id, to, ephemeral, retry, echo, expects_reply, ...rest } =
    value;
  if (!isAbsent(id) && !isId(id)) return refuseThis('"id" must be a string of 1–128 characters');
  if (!isAbsent(type) && !isText(type, limits.typeLength))
    return refuseThis(`"type" must be a string of 1–${limits.typeLength} characters`);
  const messageType = type ?? 'message';
  if (!isMessageType(messageType)) {
    return refuse('unknown_type', 'Unknown message type', messageId);
  }
  if (isControlType(messageType)) {
    const reading = readControl(messageType, value);
    return 'code' in reading
      ? { ok: false, error: { ...reading, messageId } }
      : { ok: true, kind: 'control', control: reading };
  }
  if (content === undefined) return refuseThis('"content" is missing');
  if (!isAbsent(metadata) && !isJsonObject(metadata)) return refuseThis('"metadata" must be an object');
  if (!isAbsent(channel_id) && !isAbsent(to)) return refuseThis('Give "to" or "channel_id", not both');
  if (!isAbsent(channel_id) && isReservedChannel(channel_id)) {
    return refuse('forbidden', 'This channel is the service’s own', messageId);
  }
  if (!isAbsent(channel_id) && !isChannel(channel_id)) {
    return refuseThis('"channel_id" must be 1–128 of A–Z a–z 0–9 . _ : -');
  }
  if (!isAbsent(to) && !isId(to)) return refuseThis('"to" must be an agent id');
  const flags = readFlags({ ephemeral, retry, echo, expects_reply });
  if (typeof flags === 'string') return refuseThis(`"${flags}" must be true or false`);
  for (const name of ['correlation_id', 'in_reply_to', 'traceparent'] as const) {
    if (!isAbsent(rest[name]) && !isId(rest[name]))
      return refuseThis(`"${name}" must be a string of 1–128 characters`);
  }
  const isRequest = !isAbsent(to) && flags.expects_reply === true;
  const timeoutMs = isRequest ? (rest.timeout_ms ?? undefined) : undefined;
  if (!isTimeout(timeoutMs)) {
    return refuseThis(`"timeout_ms" must be a whole number from 1 to ${limits.requestTimeoutMs}`);
  }
  const complaint = storageComplaint(value);
  if (complaint !== undefined) return refuseThis(`The frame can't be stored: ${complaint}`);

  return {
    ok: true,
    kind: 'message',
    frame: {
      id: id ?? undefined,
      type: messageType,
      content,
      metadata: metadata ?? {},
      channelId: channel_id ?? undefined,
      to: to ?? undefined,
      ephemeral: flags.ephemeral ?? false,
      retry: flags.retry ?? false,
      echo: flags.echo,
      expectsReply: flags.expects_reply ?? false,
      timeoutMs,
      extra: passThrough(rest, flags.expects_reply, isRequest),
    },
  };
}

/** Fields that only the server writes. Dropped, not refused: clients that send on what they received are common. */
const serverFields: ReadonlySet<string> = new Set([
  'tenant_id',
  'agent_id',
  'timestamp',
  'sequence',
  'epoch',
  'replayed',
]);

/** When a request expires, only the server says; in other messages the field is the user's. */
function passThrough(rest: JsonObject, expectsReply: boolean | undefined, isRequest: boolean): JsonObject {
  const extra = Object.fromEntries(
    Object.entries(rest).filter(([name]) => !serverFields.has(name) && !(isRequest && name === 'expires_at')),
  );
  return expectsReply === undefined ? extra : { ...extra, expects_reply: expectsReply };
}

type FlagName = 'ephemeral' | 'retry' | 'echo' | 'expects_reply';

/** The flags, or the name of the first that is no boolean. */
function readFlags(values: Record<FlagName, unknown>): Record<FlagName, boolean | undefined> | FlagName {
  const flags: Record<FlagName, boolean | undefined> = {
    ephemeral: undefined,
    retry: undefined,
    echo: undefined,
    expects_reply: undefined,
  };
  for (const name of Object.keys(flags) as FlagName[]) {
    const value = values[name];
    if (isAbsent(value)) continue;
    if (typeof value !== 'boolean') return name;
    flags[name] = value;
  }
  return flags;
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= longest;
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isTimeout(value: unknown): value is number | undefined {
  const isWhole = Number.isSafeInteger(value) && (value as number) >= 1;
  return value === undefined || (isWhole && (value as number) <= limits.requestTimeoutMs);
}

/** The id to repeat in an ERROR: the client waits for it even when it breaks the grammar. */
function echoableId(id: unknown): unknown {
  if (isAbsent(id)) return undefined;
  if (typeof id === 'string') return id.length <= limits.echoedIdLength ? id : undefined;
  if (typeof id === 'number' && !Number.isFinite(id)) return undefined;
  return new TextEncoder().encode(JSON.stringify(id)).length <= limits.echoedIdLength ? id : undefined;
}

function refuse(code: ErrorDetails['code'], text: string, messageId?: unknown): ParsedFrame {
  return { ok: false, error: { code, text, messageId } };
}
