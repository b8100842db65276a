/**
 * What a client can be told when it is made.
 */
import type { BackoffOptions } from './shared/backoff';
import { check, checkOptions, need } from './shared/checks';
import type { Cursor } from './shared/cursor';
import type { Echo } from './shared/messages';
import type { OutboxOptions } from './sending/outbox';
import type { WebSocketClass } from './connection/socket';
import type { TokenSource } from './connection/token';

export interface PubSubOptions {
  /** The base URL that a deployment prints, without `/ws` and without a query, such as `wss://abc.execute-api.eu-west-1.amazonaws.com`. */
  readonly url: string;
  /** Allows `ws://` to other hosts than this machine, which shows the token to the network. Default `false`. */
  readonly allowInsecure?: boolean;
  /**
   * A token, or a function that gets one. A function is called for every new connection, so that a fresh token takes over
   * before the old one expires; with a plain token the client stops when it has expired.
   */
  readonly token: TokenSource;
  /** Whether this client hears its own messages. Default `true`. */
  readonly echo?: Echo;
  /** Needed where the platform has none of its own (Node 20): that of `ws`. */
  readonly WebSocket?: WebSocketClass;
  /** Where positions are kept. Default: in memory, so that a new process begins with what is new. */
  readonly cursor?: Cursor;
  readonly backoff?: BackoffOptions;
  readonly queue?: OutboxOptions;
  /**
   * Time between two pings while all is well, in milliseconds: from 1,000 to 540,000, the default. Each ping is billed
   * as one message in and one out (docs/costs.md has the prices).
   */
  readonly heartbeatMs?: number;
  /**
   * Whether this client only watches what its agent gets: it never answers `no_handler` to a request, so that the answer of
   * another process of the same agent is the only one. Requests are then messages of the inbox. Default `false`.
   */
  readonly observer?: boolean;
  /** What other agents can see of this one. */
  readonly presence?: PresenceOptions;
}

export interface PresenceOptions {
  /** 1–64 characters; `online` when there is none. Not `offline`, which is what an agent without connections is. */
  readonly status?: string;
  /** Up to 50 words of up to 64 characters. */
  readonly capabilities?: readonly string[];
}

/** Throws, with a sentence that says what to write. */
export function checkClient(options: PubSubOptions): void {
  checkOptions(options, {
    allowInsecure: 'flag',
    echo: 'echo',
    backoff: 'object',
    queue: 'object',
    presence: 'object',
    cursor: 'object',
    // API Gateway closes a connection after 10 minutes of silence.
    heartbeatMs: 'pause',
    observer: 'flag',
  });
  const { url, allowInsecure, token, cursor, backoff, queue, presence } = options;
  need('url', { url });
  if (!allowInsecure) need('safeUrl', { url });
  if (typeof token !== 'function') need('token', { token });
  if (cursor) checkCursor(cursor);
  check('amount', { ...backoff, ...queue });
  checkPresence(presence ?? {});
}

export function checkPresence(presence: PresenceOptions): void {
  checkOptions(presence, { status: 'word', capabilities: 'words' });
}

function checkCursor({ load, save }: Readonly<Record<keyof Cursor, unknown>>): void {
  need('callback', { 'cursor.load': load, 'cursor.save': save });
}
