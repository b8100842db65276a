/**
 * What came of a post to one connection, as data: the platform's answer is classified here and nowhere else.
 */

/**
 * - `delivered`: the platform took it (which doesn't prove receipt).
 * - `gone`: 410, the platform doesn't know the connection (also said of one that is still opening).
 * - `throttled`: 429, the account's rate or this client's full buffer.
 * - `failed`: 5xx, a reset before an answer, or not sent for want of a socket; trying again is worth it.
 * - `lost`: no answer in time. It may have been delivered, so it is not tried again.
 * - `refused`: any other 4xx; trying again would not help.
 */
export type DeliveryOutcome = 'delivered' | 'gone' | 'throttled' | 'failed' | 'lost' | 'refused';

/** What the client library reports of a failed call. */
export interface PostFailure {
  readonly httpStatus: number | undefined;
  /** Error or exception name, such as `GoneException`, `AbortError`. */
  readonly name: string | undefined;
  /** System error code, such as `ECONNRESET`. */
  readonly systemCode: string | undefined;
}

/** `NOT_SENT`: no socket opened in time. */
const resets: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNREFUSED', 'NOT_SENT']);

export function classifyFailure(failure: PostFailure): DeliveryOutcome {
  const { httpStatus, name, systemCode } = failure;
  if (httpStatus === 410 || name === 'GoneException') return 'gone';
  if (httpStatus === 429 || name === 'LimitExceededException') return 'throttled';
  if (httpStatus !== undefined && httpStatus >= 500) return 'failed';
  if (httpStatus !== undefined && httpStatus >= 400) return 'refused';
  // A keep-alive socket that the server closed just now: the request did not get in.
  if (isReset(systemCode)) return 'failed';
  return 'lost';
}

/** Whether the socket ended, or never came to be, before there was an answer. */
export function isReset(systemCode: string | undefined): boolean {
  return systemCode !== undefined && resets.has(systemCode);
}

export function isWorthRetrying(outcome: DeliveryOutcome): boolean {
  return outcome === 'throttled' || outcome === 'failed';
}
