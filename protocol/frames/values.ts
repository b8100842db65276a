/**
 * The values that frames are made of. The tags are keywords of JSON Schema: `npm run generate` writes the schemas from these
 * types, and a test holds the client's frames against the guards.
 */
import type { Code } from '../codes';

/**
 * Of a tenant, an agent or a message: no control character and no half surrogate pair. The length counts UTF-16 code units.
 * @minLength 1
 * @maxLength 128
 * @pattern ^[^\u0000-\u001f\u007f-\u009f\ud800-\udfff]*$
 */
export type Id = string;

/**
 * @minLength 1
 * @maxLength 128
 * @pattern ^[A-Za-z0-9._:-]*$
 */
export type ChannelName = string;

/**
 * A channel, or the inbox of the agent.
 * @pattern ^(?:\$inbox|[A-Za-z0-9._:-]{1,128})$
 */
export type LogName = string;

/**
 * A channel, or the presence of the tenant.
 * @pattern ^(?:\$presence|[A-Za-z0-9._:-]{1,128})$
 */
export type ChannelOrPresence = string;

/**
 * What a connection can be subscribed to.
 * @pattern ^(?:\$(?:presence|inbox)|[A-Za-z0-9._:-]{1,128})$
 */
export type SubscribableName = string;

/**
 * Of a user's message: lower case, and not the type of a control frame.
 * @maxLength 64
 * @pattern ^(?!(?:hello|subscribe|unsubscribe|history|presence|ping)$)[a-z][a-z0-9._:-]*$
 */
export type MessageType = Lowercase<string>;

/**
 * A status or a capability: as an id, but shorter.
 * @minLength 1
 * @maxLength 64
 * @pattern ^[^\u0000-\u001f\u007f-\u009f\ud800-\udfff]*$
 */
export type PresenceWord = string;

/** @maxItems 50 */
export type Capabilities = readonly PresenceWord[];

/**
 * ISO 8601 UTC with milliseconds.
 * @pattern ^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$
 */
export type WireTime = string;

/**
 * @asType integer
 * @minimum 0
 * @maximum 9007199254740991
 */
export type Sequence = number;

/** A place in a log: everything up to and including it has been seen. */
export interface Position {
  readonly epoch: Id;
  readonly sequence: Sequence;
}

/** Why a position can't be continued from. */
export type NotRecovered = 'epoch_changed' | 'expired' | 'ahead' | 'forbidden' | 'no_log';

/** Sequences that can't be given any more, both ends included. */
export interface Gap {
  readonly from: Sequence;
  readonly to: Sequence;
  readonly reason: 'expired' | 'damaged' | 'erased' | 'request_expired';
}

/** A gap as an answer names it. */
export interface GapEntry extends Gap {
  readonly code: 'not_recoverable';
}

/** @minItems 1 */
export type Gaps = readonly GapEntry[];

/** The end of a log. */
export interface ChannelHead {
  readonly channelId: string;
  readonly head: Position;
}

/** The position of a channel, and for a resumed one whether the client can go on from where it was. */
export interface ChannelState {
  readonly channelId: string;
  /** The head; absent for a channel that the client may not read. */
  readonly head: Position | undefined;
  readonly recovered?: boolean | undefined;
  readonly reason?: NotRecovered | undefined;
  /** Of the inbox in a WELCOME: the sequence before the replay; the head's when nothing is replayed. */
  readonly from?: number | undefined;
}

/** A channel as an answer names it. The frames that extend it have `epoch` and `sequence` both or neither. */
export interface ChannelEntry {
  readonly channel_id: SubscribableName;
  /** Of the head; absent for a channel that has no log, or that the client may not read. */
  readonly epoch?: Id | undefined;
  readonly sequence?: Sequence | undefined;
  /** Of a channel that was named with a position. */
  readonly recovered?: boolean | undefined;
  readonly reason?: NotRecovered | undefined;
}

export function channelEntry({ channelId, head, recovered, reason }: ChannelState): ChannelEntry {
  return { channel_id: channelId, ...head, recovered, reason };
}

/** The field is absent when there are none. */
export function gapEntries(gaps: readonly Gap[]): { readonly gaps?: Gaps } {
  const code = 'not_recoverable' satisfies Code;
  return gaps.length === 0 ? {} : { gaps: gaps.map(({ from, to, reason }) => ({ from, to, code, reason })) };
}

export function wireTime(epochMs: number): WireTime {
  return new Date(epochMs).toISOString();
}
