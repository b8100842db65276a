/**
 * A message as it is stored and as its receivers get it (MSG-1, LVL-2).
 */
import type { JsonObject } from '../../json';
import type { ChannelName, Id, MessageType, Sequence, WireTime } from '../values';
import { type Position, wireTime } from '../values';

/**
 * Any further field is the sender's own.
 * @dependentRequired {"epoch": ["sequence"], "sequence": ["epoch"], "replayed": ["sequence"]}
 */
export interface MessageFrame {
  readonly id: Id;
  readonly type: MessageType;
  readonly content: unknown;
  readonly metadata: JsonObject;
  readonly tenant_id: Id;
  /** The sender. */
  readonly agent_id: Id;
  /** Absent on direct messages. */
  readonly channel_id?: ChannelName | undefined;
  readonly timestamp: WireTime;
  /** Level 1, of a message in a log. */
  readonly sequence?: Sequence | undefined;
  readonly epoch?: Id | undefined;
  /** Level 1, of a direct message: its receiver. */
  readonly to?: Id | undefined;
  /** Level 1: this copy comes from the log. */
  readonly replayed?: true | undefined;
  readonly correlation_id?: Id | null | undefined;
  readonly in_reply_to?: Id | null | undefined;
  readonly traceparent?: Id | null | undefined;
  readonly expects_reply?: boolean | undefined;
  /** Of a request with `timeout_ms` a time; in other messages the sender's own. */
  readonly expires_at?: unknown;
  readonly [field: string]: unknown;
}

export const examples: readonly MessageFrame[] = [
  {
    id: 'm1',
    type: 'message',
    content: { order: 17 },
    metadata: { source: 'shop' },
    tenant_id: 'demo',
    agent_id: 'alice',
    channel_id: 'orders',
    timestamp: '2026-11-24T18:11:43.871Z',
    sequence: 42,
    epoch: 'k3v',
  },
  {
    id: 'r1',
    type: 'message',
    content: ['add', 1, 2],
    metadata: {},
    tenant_id: 'demo',
    agent_id: 'alice',
    timestamp: '2026-11-24T18:11:43.871Z',
    to: 'bob',
    expects_reply: true,
    timeout_ms: 5_000,
    expires_at: '2026-11-24T18:11:48.871Z',
    sequence: 8,
    epoch: '9fd',
    replayed: true,
  },
];

/** An accepted message, as stored and as sent to its receivers. */
export interface Message {
  readonly id: string;
  readonly type: MessageType;
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
  } satisfies MessageFrame);
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
  } satisfies Pick<MessageFrame, 'to' | 'sequence' | 'epoch' | 'replayed'>);
  // Appended to the text of level 0, so that what is the same at both levels is written once.
  return more === '{}' ? messageText(message) : `${messageText(message).slice(0, -1)},${more.slice(1)}`;
}
