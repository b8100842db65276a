/**
 * A refused HTTP request, as problem details (RFC 9457) with a code of the protocol (HTTP-2).
 */
import { type Code, codes } from '../codes';
import type { ErrorDetails, RetryAfterMs } from '../frames/server/error';

/** The two codes that only HTTP has. */
export const httpOnlyCodes = {
  not_found: 'Nothing is there',
  method_not_allowed: 'The path has no such method',
} as const;

export type HttpCode = Code | keyof typeof httpOnlyCodes;

export interface Problem {
  /** `urn:artcafe:pubsub:problem:` and the code. */
  readonly type: string;
  /** For people; it may change. */
  readonly title: string;
  readonly status: HttpStatus;
  readonly code: HttpCode;
  /** For people; it may change. */
  readonly detail?: string | undefined;
  /** The id of the message, also where it breaks the grammar. */
  readonly message_id?: unknown;
  /** With `rate_limited`, `unavailable` and `internal`, as the header `Retry-After` in seconds. */
  readonly retry_after_ms?: RetryAfterMs | undefined;
}

/**
 * @asType integer
 * @minimum 400
 * @maximum 599
 */
export type HttpStatus = number;

export const examples: readonly Problem[] = [
  {
    type: 'urn:artcafe:pubsub:problem:rate_limited',
    title: 'Too many messages',
    status: 429,
    code: 'rate_limited',
    message_id: 'm1',
    retry_after_ms: 350,
  },
  {
    type: 'urn:artcafe:pubsub:problem:not_found',
    title: 'Nothing is there',
    status: 404,
    code: 'not_found',
    detail: 'This agent has never connected',
  },
];

export const httpStatus: Readonly<Record<HttpCode, number>> = {
  invalid_message: 400,
  unknown_type: 400,
  limit_exceeded: 400,
  unauthorized: 401,
  token_expired: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  no_responders: 409,
  request_expired: 409,
  loop_detected: 409,
  not_recoverable: 410,
  payload_too_large: 413,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
};

export type ProblemDetails = Omit<ErrorDetails, 'code'> & { readonly code: HttpCode };

export function problem({ code, text, messageId, retryAfterMs }: ProblemDetails): Problem {
  return {
    type: `urn:artcafe:pubsub:problem:${code}`,
    title: code in codes ? codes[code as Code].message : httpOnlyCodes[code as keyof typeof httpOnlyCodes],
    status: httpStatus[code],
    code,
    detail: text,
    message_id: messageId,
    retry_after_ms: retryAfterMs,
  };
}
