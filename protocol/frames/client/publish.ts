/**
 * A message to a channel or to an agent (MSG-1).
 */
import { isAbsent, isJsonObject, type JsonObject, storageComplaint } from '../../json';
import { limits } from '../../limits';
import { isChannel, isId, isReservedChannel } from '../../names';
import type { ChannelName, Id, MessageType } from '../values';
import { type Complaint, wrong } from './fields';

/**
 * Fields that are not listed are the user's own and arrive as sent.
 * @maxProperties 128
 */
export type PublishFrame = ChannelMessage | DirectMessage | Request;

/** What all messages have, apart from their receiver. */
export interface MessageFields {
  /** Without it there is no ACK, and the server gives the message an id. */
  readonly id?: Id | null | undefined;
  readonly type?: MessageType | null | undefined;
  readonly content: unknown;
  readonly metadata?: JsonObject | null | undefined;
  /** Not stored: no sequence, no replay. */
  readonly ephemeral?: boolean | null | undefined;
  /** This id may have been sent before. */
  readonly retry?: boolean | null | undefined;
  /** Whether the sending connection gets the message too. */
  readonly echo?: boolean | null | undefined;
  readonly correlation_id?: Id | null | undefined;
  readonly in_reply_to?: Id | null | undefined;
  readonly traceparent?: Id | null | undefined;
}

interface ChannelMessage extends MessageFields {
  /** Absent: the channel of the connection. */
  readonly channel_id?: ChannelName | null | undefined;
  readonly to?: null | undefined;
  readonly expects_reply?: boolean | null | undefined;
}

interface DirectMessage extends MessageFields {
  readonly channel_id?: null | undefined;
  readonly to: Id;
  readonly expects_reply?: false | null | undefined;
}

interface Request extends MessageFields {
  readonly channel_id?: null | undefined;
  readonly to: Id;
  readonly expects_reply: true;
  readonly timeout_ms?: TimeoutMs | null | undefined;
}

/**
 * How long the sender of a request waits for the reply.
 * @asType integer
 * @minimum 1
 * @maximum 2073600000
 */
export type TimeoutMs = number;

export const examples: readonly PublishFrame[] = [
  { content: 'hello' },
  {
    id: 'm1',
    type: 'message',
    channel_id: 'orders',
    content: { order: 17 },
    metadata: { source: 'shop' },
    ephemeral: false,
    retry: true,
    echo: false,
    correlation_id: 'c1',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  },
  { id: 'm2', to: 'alice', type: 'reply', content: 42, in_reply_to: 'r1', correlation_id: 'r1' },
  { id: 'r1', to: 'bob', content: ['add', 1, 2], expects_reply: true, timeout_ms: 5_000 },
];

/** A client's message after parsing. Absent optional fields are `undefined`. */
export interface ParsedMessage {
  /** The client's id; without it the server assigns one and sends no ACK. */
  readonly id: string | undefined;
  readonly type: MessageType;
  readonly content: unknown;
  readonly metadata: JsonObject;
  readonly channelId: string | undefined;
  readonly to: string | undefined;
  readonly ephemeral: boolean;
  readonly retry: boolean;
  readonly echo: boolean | undefined;
  readonly expectsReply: boolean;
  /** `timeout_ms` of a request: how long its sender waits, in milliseconds. `undefined`: without an end, or no request. */
  readonly timeoutMs: number | undefined;
  /** Everything else that the client sent, passed through untouched. */
  readonly extra: JsonObject;
}

/** The first rule of the field table that the frame breaks, or the frame. Its id and type are checked already. */
export function readPublish(
  id: string | undefined,
  type: MessageType,
  frame: JsonObject,
): ParsedMessage | Complaint {
  const { content, metadata } = frame;
  if (content === undefined) return wrong('"content" is missing');
  if (!isAbsent(metadata) && !isJsonObject(metadata)) return wrong('"metadata" must be an object');
  const receiver = readReceiver(frame);
  if ('code' in receiver) return receiver;
  const flags = readFlags(frame);
  if (typeof flags === 'string') return wrong(`"${flags}" must be true or false`);
  const text = invalidText(frame);
  if (text !== undefined) return wrong(`"${text}" must be a string of 1–128 characters`);
  // REQ-1, REQ-2
  const isRequest = receiver.to !== undefined && flags.expects_reply === true;
  const timeoutMs = isRequest ? (frame.timeout_ms ?? undefined) : undefined;
  if (!isTimeout(timeoutMs)) {
    return wrong(`"timeout_ms" must be a whole number from 1 to ${limits.requestTimeoutMs}`);
  }
  // ERR-5
  const complaint = storageComplaint(frame);
  if (complaint !== undefined) return wrong(`The frame can't be stored: ${complaint}`);
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
}: JsonObject): Pick<ParsedMessage, 'channelId' | 'to'> | Complaint {
  if (!isAbsent(channelId) && !isAbsent(to)) return wrong('Give "to" or "channel_id", not both'); // DIR-2
  if (!isAbsent(channelId) && isReservedChannel(channelId)) {
    return { code: 'forbidden', text: 'This channel is reserved for the service' }; // MSG-8
  }
  if (!isAbsent(channelId) && !isChannel(channelId)) {
    return wrong('"channel_id" must be 1–128 of A–Z a–z 0–9 . _ : -');
  }
  if (!isAbsent(to) && !isId(to)) return wrong('"to" must be an agent id');
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
