/**
 * The bodies of the answers to HTTP requests, apart from ACKs and problems.
 */
import type { Operation, Role } from '../grants';
import { type Gap, gapEntries, type Gaps, type Id, type LogName, type Position } from '../frames/values';
import type { ChannelName, Sequence, WireTime } from '../frames/values';
import type { AgentEntry } from '../frames/agent-presence';
import type { MessageFrame } from '../frames/server/message';

/**
 * Opaque: given back as it came.
 * @minLength 1
 * @maxLength 512
 * @pattern ^[A-Za-z0-9_-]+$
 */
export type Cursor = string;

/** `epoch` and `sequence` are the head of the log. */
export interface MessagePage extends Position {
  readonly channel_id: LogName;
  /** Oldest first. */
  readonly messages: readonly MessageFrame[];
  readonly gaps?: Gaps;
  /** There is more: given as `after` if the request had `after`, else as `before`. */
  readonly next?: Cursor | undefined;
  /** Given as `after` later, it reads what has come since. Absent in the answer to `before`. */
  readonly after?: Cursor | undefined;
}

export interface ListedChannel {
  readonly channel_id: ChannelName;
  readonly epoch: Id;
  readonly sequence: Sequence;
  /** Of the newest message. */
  readonly timestamp: WireTime;
}

export interface ChannelPage {
  /**
   * By the bytes of their ids.
   * @maxItems 25
   */
  readonly channels: readonly ListedChannel[];
  /** There may be more: given as `after`. */
  readonly next?: Cursor | undefined;
}

export interface AgentPage {
  /**
   * By the bytes of their ids.
   * @maxItems 100
   */
  readonly agents: readonly AgentEntry[];
  /** There may be more: given as `after`. */
  readonly next?: Cursor | undefined;
}

/** What the token says. */
export interface Identity {
  readonly tenant_id: Id;
  readonly agent_id: Id;
  /** The claim, if there is one. */
  readonly role?: Role | undefined;
  /** Channels, and prefixes that end in `*`, with what is allowed on them. */
  readonly channels: Readonly<Record<string, readonly Operation[]>>;
  /** Ids, and prefixes that end in `*`, of the agents that it may send to; absent = all. */
  readonly agents?: readonly string[] | undefined;
  readonly token_expires_at: WireTime;
  readonly limits: IdentityLimits;
}

export interface IdentityLimits {
  readonly message_bytes: number;
  readonly batch_messages: number;
  readonly history_messages: number;
}

/** The work goes on after the answer. */
export interface Started {
  readonly status: 'accepted';
}

export interface MessagePageParts {
  readonly channelId: string;
  readonly head: Position;
  /** Texts of the messages, oldest first. */
  readonly messages: readonly string[];
  readonly gaps: readonly Gap[];
  readonly next: Cursor | undefined;
  readonly after: Cursor | undefined;
}

export function messagePageText(page: MessagePageParts): string {
  const fields = JSON.stringify({
    channel_id: page.channelId,
    ...page.head,
    ...gapEntries(page.gaps),
    next: page.next,
    after: page.after,
  } satisfies Omit<MessagePage, 'messages'>);
  // The messages are text already.
  return `${fields.slice(0, -1)},"messages":[${page.messages.join()}]}`;
}
