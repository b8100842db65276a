/**
 * Frames of the wire: what a client's publish holds after parsing, and how the server's frames are written.
 * Times on the wire are ISO 8601 UTC with milliseconds; fields are snake_case.
 */
import { type Code, codes } from './codes';
import type { JsonObject } from './json';

/** A client's message after parsing. Absent optional fields are `undefined`. */
export interface PublishFrame {
  /** The client's id; without it the server assigns one and sends no ACK. */
  readonly id: string | undefined;
  readonly type: string;
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

/** An accepted message, as stored and as sent to its receivers. */
export interface Message {
  readonly id: string;
  readonly type: string;
  readonly content: unknown;
  readonly metadata: JsonObject;
  readonly extra: JsonObject;
  readonly tenantId: string;
  readonly agentId: string;
  /** Absent on direct messages. */
  readonly channelId: string | undefined;
  /** The agent that a direct message is for. */
  readonly to: string | undefined;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  /** When nobody waits for the reply any more, epoch milliseconds. Only a request with `timeout_ms` has it. */
  readonly expiresAt?: number | undefined;
}

export type AckStatus = 'accepted' | 'stored' | 'duplicate';

export interface Position {
  readonly epoch: string;
  readonly sequence: number;
}

/** A message for a level 0 connection: exactly the fields of the original protocol, and what the user added. */
export function messageText(message: Message): string {
  return JSON.stringify({
    id: message.id,
    type: message.type,
    content: message.content,
    ...message.extra,
    tenant_id: message.tenantId,
    agent_id: message.agentId,
    ...(message.channelId === undefined ? {} : { channel_id: message.channelId }),
    timestamp: wireTime(message.timestamp),
    ...(message.expiresAt === undefined ? {} : { expires_at: wireTime(message.expiresAt) }),
    metadata: message.metadata,
  });
}

/** What the position of a message takes at most: a sequence of 16 digits, an epoch of 36 characters, and `replayed`. */
const positionBytes = 91;

/** Bytes of a message in the largest form that it is ever sent in, a replay at level 1. `text` is its text at level 0. */
export function largestBytes(text: string, { to }: Pick<Message, 'to'>): number {
  const receiver = to === undefined ? '' : `,"to":${JSON.stringify(to)}`;
  return new TextEncoder().encode(text + receiver).length + positionBytes;
}

/** LVL-2: a message for a level 1 connection. The position is there when the message is in a log, `replayed` when it comes from there. */
export function levelOneText(message: Message, position: Position | undefined, replayed = false): string {
  const more = JSON.stringify({
    to: message.to,
    ...(position && { sequence: position.sequence, epoch: position.epoch }),
    ...(replayed && { replayed }),
  });
  // Appended to the text of level 0, so that what is the same at both levels is written once.
  return more === '{}' ? messageText(message) : `${messageText(message).slice(0, -1)},${more.slice(1)}`;
}

/** The ACK of a durable or ephemeral message; the position is there when the message is in a log. */
export function ackText(
  messageId: string,
  timestamp: number,
  status: AckStatus,
  position?: Position,
): string {
  return JSON.stringify({
    type: 'ACK',
    message_id: messageId,
    timestamp: wireTime(timestamp),
    status,
    ...(position && { sequence: position.sequence, epoch: position.epoch }),
  });
}

/** The answer to a control frame of a level 0 connection. */
export function plainAckText(messageId: string, timestamp: number): string {
  return JSON.stringify({ type: 'ACK', message_id: messageId, timestamp: wireTime(timestamp) });
}

export interface ErrorDetails {
  readonly code: Code;
  /** Text for people; default: the code's own. */
  readonly text?: string | undefined;
  /** The frame's id as the client sent it, whenever it had one. */
  /** Of any JSON: it is the client's, and may break the grammar. */
  readonly messageId?: unknown;
  readonly retryAfterMs?: number | undefined;
}

export function errorText(error: ErrorDetails, timestamp: number): string {
  return JSON.stringify({
    type: 'ERROR',
    error: error.text ?? codes[error.code].message,
    code: error.code,
    timestamp: wireTime(timestamp),
    message_id: error.messageId,
    retry_after_ms: error.retryAfterMs,
  });
}

export function wireTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
