/**
 * Decides whether a client can continue from its position. `recovered` is true only when every message after the position can
 * be delivered or reported as a gap (SUB-2, SUB-3). The decision is a pure function of the end of the log and one row.
 */
import type { NotRecovered, Position } from '../../protocol/index';
import { emptyAsOf, emptyPosition } from './empty-position';
import { refreshedEnd, type LogDependencies } from './head';
import type { LogEnd } from './log-end';
import type { MessageFields } from '../shared/history-store';

export interface Recovery {
  readonly head: Position;
  readonly recovered: boolean;
  readonly reason?: NotRecovered;
  /** The sequence after which the replay begins; the head's when there is nothing to replay. */
  readonly after: number;
}

/** What the log's end tells: the answer, or the row that has to be looked at. */
export type Verdict = 'recovered' | Exclude<NotRecovered, 'forbidden'> | 'look-at-next' | 'look-for-oldest';

/**
 * So much younger than the retention an empty position has to be: then everything that was written since is still there,
 * however long its write took and whatever the clocks say.
 */
const emptyMarginMs = 10 * 60_000;

/** Throws what the store throws. */
export async function recover(deps: LogDependencies, subject: string, cursor: Position): Promise<Recovery> {
  const now = deps.clock.now();
  if (deps.retentionMs === 0) return notRecovered(emptyPosition(now), 'no_log');
  const end = await refreshedEnd(deps, subject);
  const head = end.head ?? emptyPosition(now);
  const verdict = verdictByEnd(cursor, end, now, deps.retentionMs);
  if (verdict === 'recovered') return { head, recovered: true, after: head.sequence };
  if (verdict === 'look-at-next') {
    const reason = verdictByNext(cursor, await deps.history.get(subject, cursor.sequence + 1), now);
    return reason === 'recovered'
      ? { head, recovered: true, after: cursor.sequence }
      : notRecovered(head, reason);
  }
  if (verdict === 'look-for-oldest') {
    const oldest = await oldestReadable(deps, subject, head.sequence);
    return oldest === undefined
      ? notRecovered(head, 'expired')
      : { head, recovered: true, after: oldest - 1 };
  }
  return notRecovered(head, verdict);
}

function notRecovered(head: Position, reason: NotRecovered): Recovery {
  return { head, recovered: false, reason, after: head.sequence };
}

export function verdictByEnd(
  cursor: Position,
  { head, lastEpoch }: LogEnd,
  now: number,
  retentionMs: number,
): Verdict {
  const emptyTime = emptyAsOf(cursor);
  if (emptyTime !== undefined) {
    // POS-2: no clock of the service is that far ahead of another.
    if (cursor.sequence > 0 || emptyTime > now + emptyMarginMs) return 'ahead';
    if (emptyTime <= now - retentionMs + emptyMarginMs) return 'expired';
    return head === undefined ? 'recovered' : 'look-for-oldest';
  }
  // What followed the position, if anything did, has expired with the rest of its epoch.
  if (head === undefined) return lastEpoch === cursor.epoch ? 'expired' : 'epoch_changed';
  if (head.epoch !== cursor.epoch) return 'epoch_changed';
  if (cursor.sequence > head.sequence) return 'ahead';
  return cursor.sequence === head.sequence ? 'recovered' : 'look-at-next';
}

/** Rows of one epoch have no holes: when the next one is alive, so is all that follows, up to what the replay itself counts. */
export function verdictByNext(
  cursor: Position,
  next: MessageFields | undefined,
  now: number,
): 'recovered' | 'expired' | 'epoch_changed' {
  if (next === undefined || next.expiresAt <= now) return 'expired';
  return next.epoch === cursor.epoch ? 'recovered' : 'epoch_changed';
}

/**
 * The oldest row that has not expired. Rows expire in their order and have no holes, so halving finds it: twenty reads in a
 * log of a million, one in a log that began after the client looked.
 */
export async function oldestReadable(
  { history, clock }: LogDependencies,
  subject: string,
  newest: number,
): Promise<number | undefined> {
  const isAlive = async (sequence: number): Promise<boolean> => {
    const row = await history.get(subject, sequence);
    return row !== undefined && row.expiresAt > clock.now();
  };
  if (await isAlive(1)) return 1;
  if (!(await isAlive(newest))) return undefined;
  let [dead, alive] = [1, newest];
  while (alive - dead > 1) {
    const middle = Math.floor((dead + alive) / 2);
    if (await isAlive(middle)) alive = middle;
    else dead = middle;
  }
  return alive;
}
