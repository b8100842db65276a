/**
 * Messages as the user's code sees them, and the translation from and to the names of the wire. Happens here once.
 */
import { checkOptions } from './checks';
import { PubSubError } from './errors';

/** Any JSON object. */
export type JsonObject = Record<string, unknown>;

/** A message that has arrived. */
export interface Message<Content = unknown> {
  readonly id: string;
  /** `message`, or the sender's own lower-case word. */
  readonly type: string;
  readonly content: Content;
  readonly metadata: JsonObject;
  readonly tenantId: string;
  /** The sender. */
  readonly agentId: string;
  /** Absent on direct messages. */
  readonly channelId: string | undefined;
  /** The receiver of a direct message. */
  readonly to: string | undefined;
  /** When the service accepted it, in epoch milliseconds. */
  readonly timestamp: number;
  /** Its place in the channel; absent on ephemeral messages. */
  readonly sequence: number | undefined;
  readonly epoch: string | undefined;
  /** Whether this copy comes from the log. */
  readonly replayed: boolean;
  readonly correlationId: string | undefined;
  readonly inReplyTo: string | undefined;
  /** The sender's trace context (W3C): where a span of the handler belongs. */
  readonly traceparent: string | undefined;
  readonly expectsReply: boolean;
  /** Of a request: when its asker gives up, in epoch milliseconds by the clock of the service; absent when it waits without an end. */
  readonly expiresAt: number | undefined;
  /** Whatever else the sender gave it. */
  readonly extra: JsonObject;
}

/**
 * Whether a client hears its own messages.
 *
 * - `true`: yes. Of a channel with a reader, the client makes the copy itself when the service has acknowledged the message, which
 *   costs one message less; otherwise the service sends it.
 * - `'server'`: yes, and the service always sends it.
 * - `false`: no.
 */
export type Echo = boolean | 'server';

/** What may be said about a message besides its content. */
export interface PublishOptions {
  readonly metadata?: JsonObject;
  /** Not stored: cheaper and faster, and not delivered to agents that are offline. */
  readonly ephemeral?: boolean;
  /** Whether this client hears the message too. Default: as the client was made. */
  readonly echo?: Echo;
  /** Default: a random one. The same id within two minutes is shown once. */
  readonly id?: string;
  /** Lower case, such as `chat.typing`. Default `message`. */
  readonly type?: string;
  readonly correlationId?: string;
  readonly inReplyTo?: string;
  readonly traceparent?: string;
  /** Further fields of your own. */
  readonly extra?: JsonObject;
}

/** What the client itself adds to a direct message. */
export interface DirectOptions extends PublishOptions {
  readonly expectsReply?: boolean;
  /** Of a request, in milliseconds: a whole number. */
  readonly timeoutMs?: number | undefined;
}

/** A frame of the wire. */
export type Frame = Readonly<Record<string, unknown>>;

/** Frames of one text message: one, or an array of them. Nothing when it is not JSON. */
export function readFrames(text: string): readonly Frame[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  const frames: unknown[] = Array.isArray(value) ? value : [value];
  return frames.filter((frame): frame is Frame => typeof frame === 'object' && frame !== null);
}

/** Throws `invalid_message`. */
export function toJson(value: unknown): string {
  let cause: unknown;
  try {
    // Nothing for `undefined`, a function and a symbol.
    const json = JSON.stringify(value) as string | undefined;
    if (json) return json;
  } catch (error) {
    cause = error;
  }
  throw new PubSubError('invalid_message', 'Not JSON', { cause });
}

/** The service's own frames have types in upper case; all others are messages. */
export function isMessageFrame({ type }: Frame): boolean {
  return typeof type === 'string' && type !== type.toUpperCase();
}

export function readMessage(frame: Frame): Message {
  const {
    id,
    type,
    content,
    metadata,
    tenant_id,
    agent_id,
    channel_id,
    to,
    timestamp,
    sequence,
    epoch,
    replayed,
    correlation_id,
    in_reply_to,
    traceparent,
    expects_reply,
    ...extra
  } = frame;
  return {
    id: String(id),
    type: String(type),
    content,
    metadata: (metadata ?? {}) as JsonObject,
    tenantId: tenant_id as string,
    agentId: agent_id as string,
    channelId: text(channel_id),
    to: text(to),
    timestamp: Date.parse(timestamp as string),
    sequence: numeric(sequence),
    epoch: text(epoch),
    replayed: replayed === true,
    correlationId: text(correlation_id),
    inReplyTo: text(in_reply_to),
    traceparent: text(traceparent),
    expectsReply: expects_reply === true,
    // In other messages the field is the sender's own.
    expiresAt: to !== undefined && expects_reply === true ? timeIn(extra.expires_at) : undefined,
    extra,
  };
}

/** The frame of a message that is to be sent. Fields that are `undefined` disappear with the stringifying. */
export function publishFrame(
  destination: { readonly channel_id: string } | { readonly to: string },
  id: string,
  content: unknown,
  options: DirectOptions,
  echo: boolean | undefined,
): Frame {
  const { metadata, ephemeral, type } = options;
  return {
    ...options.extra,
    id,
    type: type ?? 'message',
    ...destination,
    content,
    metadata,
    ephemeral,
    echo,
    correlation_id: options.correlationId,
    in_reply_to: options.inReplyTo,
    expects_reply: options.expectsReply,
    traceparent: options.traceparent,
    // Of `extra`, it would take the place of the whole frame.
    toJSON: undefined,
  };
}

/** `null` counts as absent, as on the wire. */
export function checkPublish(options: PublishOptions): void {
  checkOptions(options, {
    id: 'text',
    correlationId: 'text',
    inReplyTo: 'text',
    traceparent: 'text',
    metadata: 'object',
    extra: 'object',
    ephemeral: 'flag',
    echo: 'echo',
    type: 'type',
  });
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Epoch milliseconds. */
export function timeIn(value: unknown): number | undefined {
  return Date.parse(value as string) || undefined;
}

export function numeric(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** Not `randomUUID`, which pages without TLS do not have. It has to be new, not secret. */
export function newId(): string {
  return `${Math.random().toString(36)}${Math.random().toString(36)}`.replace(/0\./g, '');
}
