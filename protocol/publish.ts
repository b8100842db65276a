/**
 * Reads the fields of a message that a client publishes.
 */
import { isAbsent, isJsonObject, type JsonObject, storageComplaint } from './json';
import { limits } from './limits';
import type { ErrorDetails, PublishFrame } from './messages';
import { isChannel, isId, isReservedChannel } from './names';

type Complaint = Pick<ErrorDetails, 'code' | 'text'>;

/** The first rule of the field table that the frame breaks, or the frame. Its id and type are checked already. */
export function readPublish(
  id: string | undefined,
  type: string,
  frame: JsonObject,
): PublishFrame | Complaint {
  const { content, metadata } = frame;
  if (content === undefined) return invalid('"content" is missing');
  if (!isAbsent(metadata) && !isJsonObject(metadata)) return invalid('"metadata" must be an object');
  const receiver = readReceiver(frame);
  if ('code' in receiver) return receiver;
  const flags = readFlags(frame);
  if (typeof flags === 'string') return invalid(`"${flags}" must be true or false`);
  const text = invalidText(frame);
  if (text !== undefined) return invalid(`"${text}" must be a string of 1–128 characters`);
  // REQ-1, REQ-2
  const isRequest = receiver.to !== undefined && flags.expects_reply === true;
  const timeoutMs = isRequest ? (frame.timeout_ms ?? undefined) : undefined;
  if (!isTimeout(timeoutMs)) {
    return invalid(`"timeout_ms" must be a whole number from 1 to ${limits.requestTimeoutMs}`);
  }
  // ERR-5
  const complaint = storageComplaint(frame);
  if (complaint !== undefined) return invalid(`The frame can't be stored: ${complaint}`);
  return {
    id,
    type,
    content,
    metadata: metadata ?? {},
    ...receiver,
    ephemeral: flags.ephemeral ?? false,
    retry: flags.retry ?? false,
    echo: flags.echo,
    expectsReply: flags.expects_reply ?? false,
    timeoutMs,
    extra: passThrough(frame, flags.expects_reply, isRequest),
  };
}

function readReceiver({
  channel_id: channelId,
  to,
}: JsonObject): Pick<PublishFrame, 'channelId' | 'to'> | Complaint {
  if (!isAbsent(channelId) && !isAbsent(to)) return invalid('Give "to" or "channel_id", not both'); // DIR-2
  if (!isAbsent(channelId) && isReservedChannel(channelId)) {
    return { code: 'forbidden', text: 'This channel is reserved for the service' }; // MSG-8
  }
  if (!isAbsent(channelId) && !isChannel(channelId)) {
    return invalid('"channel_id" must be 1–128 of A–Z a–z 0–9 . _ : -');
  }
  if (!isAbsent(to) && !isId(to)) return invalid('"to" must be an agent id');
  return { channelId: channelId ?? undefined, to: to ?? undefined };
}

/** The name of the first field that is neither absent nor an id. */
function invalidText(frame: JsonObject): string | undefined {
  return ['correlation_id', 'in_reply_to', 'traceparent'].find(
    (name) => !isAbsent(frame[name]) && !isId(frame[name]),
  );
}

const flagNames = ['ephemeral', 'retry', 'echo', 'expects_reply'] as const;
type FlagName = (typeof flagNames)[number];

/** The flags, or the name of the first that is not a boolean. */
function readFlags(frame: JsonObject): Partial<Record<FlagName, boolean>> | FlagName {
  const flags: Partial<Record<FlagName, boolean>> = {};
  for (const name of flagNames) {
    const value = frame[name];
    if (isAbsent(value)) continue;
    if (typeof value !== 'boolean') return name;
    flags[name] = value;
  }
  return flags;
}

function isTimeout(value: unknown): value is number | undefined {
  const isWhole = Number.isSafeInteger(value) && (value as number) >= 1;
  return value === undefined || (isWhole && (value as number) <= limits.requestTimeoutMs);
}

/** Fields that are read above, and MSG-1: fields that only the server writes. They are dropped, not refused. */
const ownFields: ReadonlySet<string> = new Set([
  ...flagNames,
  'id',
  'type',
  'content',
  'metadata',
  'channel_id',
  'to',
  'tenant_id',
  'agent_id',
  'timestamp',
  'sequence',
  'epoch',
  'replayed',
]);

/** MSG-2. REQ-1: the server sets `expires_at` of a request; in other messages the field belongs to the user. */
function passThrough(frame: JsonObject, expectsReply: boolean | undefined, isRequest: boolean): JsonObject {
  const extra = Object.fromEntries(
    Object.entries(frame).filter(([name]) => !ownFields.has(name) && !(isRequest && name === 'expires_at')),
  );
  return expectsReply === undefined ? extra : { ...extra, expects_reply: expectsReply };
}

function invalid(text: string): Complaint {
  return { code: 'invalid_message', text };
}
