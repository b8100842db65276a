/**
 * How long a connection lives: until its token expires, and two hours at most.
 */
import type { Caller } from '../shared/caller';

/** END-4: API Gateway closes every connection after two hours. */
const lifetimeMs = 2 * 3_600_000;
/** The timer of API Gateway and our clocks may differ. */
const marginMs = 60_000;
/** PIN-2 */
const rotationNoticeMs = 10 * 60_000;

type Opened = Pick<Caller, 'connectedAt'>;

/** When the connection stops receiving, epoch milliseconds. Never before API Gateway closes it. */
export function connectionExpiresAt({
  connectedAt,
  tokenExpiresAt,
}: Opened & Pick<Caller, 'tokenExpiresAt'>): number {
  return Math.min(tokenExpiresAt, closedAt({ connectedAt }));
}

/** Whether API Gateway has closed the connection. */
export function isPastLifetime(opened: Opened, now: number): boolean {
  return closedAt(opened) <= now;
}

/** Whether the client has to replace the connection. */
export function isRotationDue({ connectedAt }: Opened, now: number): boolean {
  return connectedAt + lifetimeMs - rotationNoticeMs <= now;
}

function closedAt({ connectedAt }: Opened): number {
  return connectedAt + lifetimeMs + marginMs;
}
