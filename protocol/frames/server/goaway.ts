/**
 * `GOAWAY`: the connection should or must be replaced (PIN-2, PIN-3, END-6).
 */
import { type WireTime, wireTime } from '../values';

/** Every reason to leave a connection, and what to do about it. */
export const goAways = {
  rotate: { reason: 'The two hours of this connection are nearly over', reconnect: true },
  token_expired: { reason: 'The token of this connection has expired', reconnect: true },
  revoked: { reason: 'The token of this connection has been revoked', reconnect: false },
  rate_limited: { reason: 'This client ignores that its frames are refused', reconnect: true },
  kicked: { reason: 'The operator has ended this connection', reconnect: true },
  state_lost: { reason: 'The service does not know this connection any more', reconnect: true },
} as const;

export type GoAwayCode = keyof typeof goAways;

export interface GoAwayFrame {
  readonly type: 'GOAWAY';
  readonly timestamp: WireTime;
  readonly code: GoAwayCode;
  /** For people; it may change. */
  readonly reason: string;
  /** Whether to open a new connection. */
  readonly reconnect: boolean;
}

export const examples: readonly GoAwayFrame[] = [
  {
    type: 'GOAWAY',
    timestamp: '2026-11-24T18:11:43.871Z',
    code: 'rotate',
    reason: goAways.rotate.reason,
    reconnect: true,
  },
];

export function goAwayText(code: GoAwayCode, timestamp: number): string {
  return JSON.stringify({
    type: 'GOAWAY',
    timestamp: wireTime(timestamp),
    code,
    ...goAways[code],
  } satisfies GoAwayFrame);
}
