/**
 * `ERROR`: a frame is refused (ERR-2).
 */
import { type Code, codes } from '../../codes';
import { type WireTime, wireTime } from '../values';

/**
 * ERR-10: three codes come with `retry_after_ms`, and no other.
 * @if {"properties": {"code": {"enum": ["rate_limited", "unavailable", "internal"]}}}
 * @then {"required": ["retry_after_ms"]}
 * @else {"properties": {"retry_after_ms": false}}
 */
export interface ErrorFrame {
  readonly type: 'ERROR';
  /** For people; it may change. */
  readonly error: string;
  readonly code: Code;
  readonly timestamp: WireTime;
  /** The id of the frame, also where it breaks the grammar. */
  readonly message_id?: unknown;
  readonly retry_after_ms?: RetryAfterMs | undefined;
}

/**
 * @asType integer
 * @minimum 1
 */
export type RetryAfterMs = number;

export const examples: readonly ErrorFrame[] = [
  {
    type: 'ERROR',
    error: 'Too many messages',
    code: 'rate_limited',
    timestamp: '2026-11-24T18:11:43.871Z',
    message_id: 'm1',
    retry_after_ms: 350,
  },
  {
    type: 'ERROR',
    error: 'Invalid JSON format',
    code: 'invalid_message',
    timestamp: '2026-11-24T18:11:43.871Z',
  },
];

export interface ErrorDetails {
  readonly code: Code;
  /** Text for people; default: the code's own. */
  readonly text?: string | undefined;
  /** The frame's id as the client sent it, whenever it had one: any JSON, which may break the grammar. */
  readonly messageId?: unknown;
  readonly retryAfterMs?: number | undefined;
}

export function errorText(error: ErrorDetails, timestamp: number): string {
  return JSON.stringify({
    type: 'ERROR',
    error: error.text ?? codes[error.code].message,
    code: error.code,
    timestamp: wireTime(timestamp),
    message_id: error.messageId,
    retry_after_ms: error.retryAfterMs,
  } satisfies ErrorFrame);
}
