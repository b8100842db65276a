/**
 * What a client can be told when it is made.
 */
import type { BackoffOptions } from './backoff';
import { check, need } from './checks';
import type { Cursor } from './cursor';
import type { Echo } from './messages';
import type { OutboxOptions } from './outbox';
import type { WebSocketClass } from './socket';
import type { TokenSource } from './token';

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
export function checkOptions(options: PubSubOptions): void {
  need('object', { options });
  const { url, allowInsecure, token, cursor, echo, backoff, queue, presence, heartbeatMs } = options;
  need('url', { url });
  check('flag', { allowInsecure });
  if (!allowInsecure) need('safeUrl', { url });
  if (typeof token !== 'function') need('token', { token });
  check('echo', { echo });
  check('object', { backoff, queue, presence, cursor });
  if (cursor) checkCursor(cursor);
  // API Gateway closes a connection after 10 minutes of silence.
  check('pause', { heartbeatMs });
  check('amount', { ...backoff, ...queue });
  checkPresence(presence ?? {});
}

export function checkPresence({ status, capabilities }: PresenceOptions): void {
  check('word', { status });
  check('words', { capabilities });
}

function checkCursor({ load, save }: Readonly<Record<keyof Cursor, unknown>>): void {
  need('callback', { 'cursor.load': load, 'cursor.save': save });
}
