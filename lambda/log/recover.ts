/**
 * Decides whether a client can continue from its position. `recovered` is true only when every message after the position can
 * be delivered or reported as a gap (SUB-2, SUB-3). The decision is a pure function of the end of the log and one row.
 */
import type { NotRecovered, Position } from '../../protocol/index';
import { emptyAsOf, emptyPosition } from './empty-position';
import { refreshedEnd, type LogDependencies } from './head';
import type { LogEnd } from './log-end';
import type { MessageFields } from '../shared/stores/history-store';
import { TooCostly } from '../shared/work-budget';

export interface Recovery {
  readonly head: Position;
  readonly recovered: boolean;
  readonly reason?: NotRecovered;
  /** The sequence after which the replay begins; the head's when there is nothing to replay. */
  readonly after: number;
  /** Nothing of the log was looked at but its end: that would cost too much. */
  readonly isUnread?: true;
}

/** What the log's end tells: the answer, or the row that has to be looked at. */
export type Verdict = 'recovered' | Exclude<NotRecovered, 'forbidden'> | 'look-at-next' | 'look-for-oldest';

/**
 * So much younger than the retention an empty position has to be: then everything that was written since is still there,
 * however long its write took and whatever the clocks say.
 */
const emptyMarginMs = 10 * 60_000;

/** Asked before each row that is looked at, as each is billed by its size. */
export type MayLook = () => boolean;
export const always: MayLook = () => true;

/** Throws what the store throws. */
export async function recover(
  deps: LogDependencies,
  subject: string,
  cursor: Position,
  mayLook = always,
): Promise<Recovery> {
  const now = deps.clock.now();
  if (deps.retentionMs === 0) return notRecovered(emptyPosition(now), 'no_log');
  const end = await refreshedEnd(deps, subject);
  const head = end.head ?? emptyPosition(now);
  const verdict = verdictByEnd(cursor, end, now, deps.retentionMs);
  if (verdict === 'recovered') return { head, recovered: true, after: head.sequence };
  if (verdict !== 'look-at-next' && verdict !== 'look-for-oldest') return notRecovered(head, verdict);
  return verdict === 'look-at-next'
    ? lookAtNext(deps, subject, cursor, end, head, mayLook)
    : lookForOldest(deps, subject, head, mayLook);
}

async function lookAtNext(
  { history, clock }: LogDependencies,
  subject: string,
  cursor: Position,
  { isFromCheckpoint }: LogEnd,
  head: Position,
  mayLook: MayLook,
): Promise<Recovery> {
  const recovered = { head, recovered: true, after: cursor.sequence };
  // The next row is the newest one, which has just been read.
  if (!isFromCheckpoint && cursor.sequence + 1 === head.sequence) return recovered;
  if (!mayLook()) return unread(head);
  const reason = verdictByNext(cursor, await history.get(subject, cursor.sequence + 1), clock.now());
  return reason === 'recovered' ? recovered : notRecovered(head, reason);
}

async function lookForOldest(
  deps: LogDependencies,
  subject: string,
  head: Position,
  mayLook: MayLook,
): Promise<Recovery> {
  try {
    const oldest = await oldestReadable(deps, subject, head.sequence, mayLook);
    return oldest === undefined
      ? notRecovered(head, 'expired')
      : { head, recovered: true, after: oldest - 1 };
  } catch (error) {
    if (error instanceof TooCostly) return unread(head);
    throw error;
  }
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

/** SUB-6: the client asks for the rest, and learns then what is left. */
function unread(head: Position): Recovery {
  return { head, recovered: true, after: head.sequence, isUnread: true };
}

/**
 * The oldest row that has not expired. Rows expire in their order and have no holes, so halving finds it: twenty reads in a
 * log of a million, one in a log that began after the client looked. Throws what the store throws, and TooCostly when it may not look any further.
 */
export async function oldestReadable(
  { history, clock }: LogDependencies,
  subject: string,
  newest: number,
  mayLook = always,
): Promise<number | undefined> {
  const isAlive = async (sequence: number): Promise<boolean> => {
    if (!mayLook()) throw new TooCostly();
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
