/**
 * Frames that the server sends at level 1 besides messages, ACKs and ERRORs, and how several frames become one text.
 */
import type { Code } from './codes';
import { limits } from './limits';
import { type Position, wireTime } from './messages';

/** Why a position can't be continued from. */
export type NotRecovered = 'epoch_changed' | 'expired' | 'ahead' | 'forbidden' | 'no_log';

/** Where a channel stands, and for a resumed one whether the client can go on from where it was. */
export interface ChannelState {
  readonly channelId: string;
  /** The head; absent for a channel that the client may not read. */
  readonly head: Position | undefined;
  readonly recovered?: boolean | undefined;
  readonly reason?: NotRecovered | undefined;
  /** Of the inbox in a WELCOME: the sequence before the replay; the head's when nothing is replayed. */
  readonly from?: number | undefined;
}

/** Sequences that can't be given any more, both ends included. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly reason: 'expired' | 'damaged' | 'request_expired';
}

export interface Welcome {
  readonly messageId: string | undefined;
  readonly connectionId: string;
  readonly tenantId: string;
  readonly agentId: string;
  /** Epoch milliseconds. */
  readonly tokenExpiresAt: number;
  readonly channels: readonly ChannelState[];
}

export function welcomeText(welcome: Welcome, timestamp: number): string {
  return JSON.stringify({
    type: 'WELCOME',
    message_id: welcome.messageId,
    timestamp: wireTime(timestamp),
    connection_id: welcome.connectionId,
    tenant_id: welcome.tenantId,
    agent_id: welcome.agentId,
    token_expires_at: wireTime(welcome.tokenExpiresAt),
    limits: {
      frame_bytes: limits.frameBytes,
      message_bytes: limits.storedMessageBytes,
      batch_frames: limits.batchFrames,
      channels: limits.channels,
      history_messages: limits.historyMessages,
    },
    channels: welcome.channels.map(wireState),
  });
}

export function subscribedText(messageId: string, state: ChannelState, timestamp: number): string {
  return JSON.stringify({
    type: 'SUBSCRIBED',
    message_id: messageId,
    timestamp: wireTime(timestamp),
    ...wireState(state),
  });
}

export function unsubscribedText(messageId: string, channelId: string, timestamp: number): string {
  return JSON.stringify({
    type: 'UNSUBSCRIBED',
    message_id: messageId,
    timestamp: wireTime(timestamp),
    channel_id: channelId,
  });
}

export interface ReplayEnd {
  readonly channelId: string;
  /** The last message that was replayed, or where the replay began. */
  readonly position: Position;
  readonly complete: boolean;
  readonly gaps: readonly Gap[];
}

export function replayedText(end: ReplayEnd, timestamp: number): string {
  return JSON.stringify({
    type: 'REPLAYED',
    timestamp: wireTime(timestamp),
    channel_id: end.channelId,
    ...end.position,
    complete: end.complete,
    ...wireGaps(end.gaps),
  });
}

export interface HistoryPart {
  readonly messageId: string;
  readonly channelId: string;
  readonly head: Position;
  /** Texts of the messages, oldest first. */
  readonly messages: readonly string[];
  readonly gaps: readonly Gap[];
  readonly part: number;
  readonly isLast: boolean;
  readonly next: Position | undefined;
}

export function historyText(history: HistoryPart, timestamp: number): string {
  const fields = JSON.stringify({
    type: 'HISTORY',
    message_id: history.messageId,
    timestamp: wireTime(timestamp),
    channel_id: history.channelId,
    ...history.head,
    ...wireGaps(history.gaps),
    part: history.part,
    last: history.isLast,
    next: history.next,
  });
  // The messages are text already; parsing them only to write them again would be most of the work.
  return `${fields.slice(0, -1)},"messages":[${history.messages.join()}]}`;
}

export function pongText(
  messageId: string | undefined,
  channels: readonly ChannelState[],
  timestamp: number,
): string {
  return JSON.stringify({
    type: 'PONG',
    message_id: messageId,
    timestamp: wireTime(timestamp),
    channels: channels.map(wireState),
  });
}

/** Every reason to leave a connection, and what to do about it. */
export const goAways = {
  rotate: { reason: 'The two hours of this connection are nearly over', reconnect: true },
  token_expired: { reason: 'The token of this connection has expired', reconnect: true },
  revoked: { reason: 'The token of this connection has been revoked', reconnect: false },
  kicked: { reason: 'The operator has ended this connection', reconnect: true },
  state_lost: { reason: 'The service does not know this connection any more', reconnect: true },
} as const;

export type GoAwayCode = keyof typeof goAways;

export function goAwayText(code: GoAwayCode, timestamp: number): string {
  return JSON.stringify({ type: 'GOAWAY', timestamp: wireTime(timestamp), code, ...goAways[code] });
}

/**
 * LVL-1. Frames as as few texts as fit: a frame alone as it is, several as an array of at most 32,768 bytes, which are billed
 * as one message. Order is kept.
 */
export function packFrames(frames: readonly string[], maxBytes: number = limits.frameBytes): string[] {
  return pack(frames, maxBytes).map((group) => (group.length === 1 ? (group[0] ?? '') : `[${group.join()}]`));
}

/** Groups whose array texts have at most so many bytes; what is larger alone is a group of its own. */
export function pack(texts: readonly string[], maxBytes: number): string[][] {
  const groups: string[][] = [];
  let bytes = Infinity;
  for (const text of texts) {
    // One byte for the comma; the brackets are those of the first one.
    const more = byteLength(text) + 1;
    const group = groups.at(-1);
    if (group === undefined || bytes + more > maxBytes) {
      groups.push([text]);
      bytes = more + 1;
    } else {
      group.push(text);
      bytes += more;
    }
  }
  return groups;
}

const encoder = new TextEncoder();
function byteLength(text: string): number {
  return encoder.encode(text).length;
}

function wireState({ channelId, head, recovered, reason, from }: ChannelState): object {
  return { channel_id: channelId, ...head, recovered, reason, from };
}

function wireGaps(gaps: readonly Gap[]): object {
  const code: Code = 'not_recoverable';
  return gaps.length === 0 ? {} : { gaps: gaps.map(({ from, to, reason }) => ({ from, to, code, reason })) };
}
