/**
 * The one error class of the package. Codes are those of the protocol and a few that only a client can have.
 */
import type { Code } from '../../../protocol/codes';

/**
 * Codes that only a client can have; all others are in the protocol.
 *
 * - `closed`: the client is closed.
 * - `timeout`: no answer in time; the `cause` is why there was no connection, if there was none.
 * - `queue_full`: too many messages wait for their acknowledgement.
 * - `connection_lost`: the connection was lost, and what was asked on it has no answer.
 * - `unconfirmed`: the message may or may not be in the log; it was without a connection for too long.
 * - `position_lost`: a cursor had a position and can't read it.
 * - `no_handler`: the other agent has no handler for requests.
 * - `token_failed`: the token function has thrown, or took longer than 30 s; the client goes on trying.
 * - `request_failed`: the handler of the other agent has thrown; the message is that of its `RequestError`, if it was one.
 */
export type ClientCode =
  | 'closed'
  | 'timeout'
  | 'queue_full'
  | 'connection_lost'
  | 'unconfirmed'
  | 'position_lost'
  | 'no_handler'
  | 'token_failed'
  | 'request_failed';

/** Stable: a program may compare it. The text of an error may change. A newer service may have codes of its own. */
export type ErrorCode = Code | ClientCode | (string & {});

/** Of the protocol's, as a test makes sure, and of the client's own. */
const passing: readonly ErrorCode[] = ['unavailable', 'internal', 'rate_limited'];
const retryable: readonly ErrorCode[] = [
  ...passing,
  'no_responders',
  'no_handler',
  'timeout',
  'queue_full',
  'connection_lost',
  'token_failed',
];

/** What an error is made of besides its code. */
export interface ErrorParts {
  readonly cause?: unknown;
  readonly retryAfterMs?: number | undefined;
}

/**
 * Every rejected promise has one of these.
 *
 * @example
 * try {
 *   await bus.channel('lobby').publish('hello');
 * } catch (error) {
 *   if (error instanceof PubSubError && error.code === 'forbidden') askForTheGrant();
 *   else throw error;
 * }
 */
export class PubSubError extends Error {
  override readonly name = 'PubSubError';
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** What the service asked to wait before the next try, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly code: ErrorCode,
    message?: string,
    { cause, retryAfterMs }: ErrorParts = {},
  ) {
    super(message ?? code, cause === undefined ? undefined : { cause });
    this.retryable = retryable.includes(code);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * For request handlers to throw: its message, cut to 1,024 bytes, is sent to the agent that asked. The text of any other
 * error stays in this process.
 *
 * @example
 * bus.onRequest(({ order }: { order: string }) => orders.get(order) ?? Promise.reject(new RequestError('No such order')));
 */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

/** Of a refused handshake, by its HTTP status. */
export function codeOf(status = 0): ErrorCode {
  return { 401: 'unauthorized', 403: 'forbidden', 429: 'rate_limited' }[status] ?? 'unavailable';
}

/** Whether the service did not mind the message, but the moment. */
export function isPassing(code: ErrorCode): boolean {
  return passing.includes(code);
}

/** Whether another token may be what is missing. */
export function wantsToken(code: ErrorCode): boolean {
  return code === 'unauthorized' || code === 'token_expired';
}
