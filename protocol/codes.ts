/**
 * The one table of error codes. A code is never renamed; its text may change.
 * docs/protocol.md lists the same codes, and a test compares the two.
 */
export interface CodeEntry {
  /** Default text of the ERROR frame. */
  readonly message: string;
  /** What the sender of the frame should do. */
  readonly retry: 'never' | 'after-delay' | 'new-token' | 'new-state';
  /** Whether the connection survives. */
  readonly connection: 'keeps' | 'ends';
}

export const codes = {
  invalid_message: { message: 'Message not understood', retry: 'never', connection: 'keeps' },
  unknown_type: { message: 'Unknown message type', retry: 'never', connection: 'keeps' },
  unauthorized: { message: 'Token missing, bad or expired', retry: 'new-token', connection: 'ends' },
  token_expired: {
    message: 'The token of this connection has expired',
    retry: 'new-token',
    connection: 'keeps',
  },
  forbidden: { message: 'Not allowed', retry: 'never', connection: 'keeps' },
  not_recoverable: {
    message: 'The position is no longer in the log',
    retry: 'new-state',
    connection: 'keeps',
  },
  no_responders: {
    message: 'Nobody is connected who could reply',
    retry: 'after-delay',
    connection: 'keeps',
  },
  request_expired: {
    message: 'The request has expired: nobody will get it any more',
    retry: 'never',
    connection: 'keeps',
  },
  payload_too_large: { message: 'Message over the size limit', retry: 'never', connection: 'keeps' },
  rate_limited: { message: 'Too many messages', retry: 'after-delay', connection: 'keeps' },
  limit_exceeded: { message: 'Over a limit', retry: 'never', connection: 'keeps' },
  loop_detected: { message: 'The message goes round in a loop', retry: 'never', connection: 'keeps' },
  internal: { message: 'Failure on our side', retry: 'after-delay', connection: 'keeps' },
  unavailable: { message: 'Not accepted at the moment', retry: 'after-delay', connection: 'keeps' },
} as const satisfies Record<string, CodeEntry>;

/** A stable error code, as in the `code` field of an ERROR frame. */
export type Code = keyof typeof codes;
