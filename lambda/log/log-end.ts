/**
 * Where a log ends, from its newest row and its item 0. Everybody who continues a log, publisher or reader, decides with
 * this: expired rows are deleted late and in no order, so the newest row alone does not tell.
 */
import type { Position } from '../../protocol/index';
import type { Head, HistoryStore, MessageFields, Checkpoint } from '../shared/stores/history-store';
import type { Clock } from '../shared/ports';

export interface LogEnd {
  /** Where the log goes on; `undefined` when nothing is left to continue from: the next message begins a new epoch. */
  readonly head: Position | undefined;
  /** Until when `head` can be told, epoch milliseconds. */
  readonly headExpiresAt: number;
  /** Whether `head` is known from item 0: its row has expired. */
  readonly isFromCheckpoint: boolean;
  /** No sequence up to this one is given again; 0 when nothing is known. */
  readonly lastSequence: number;
  /** The newest epoch that is known, even of what has expired. */
  readonly lastEpoch: string | undefined;
}

export interface EndDependencies {
  readonly history: HistoryStore;
  readonly clock: Clock;
}

/** One call while the newest row is alive, or when the log has no rows at all; else two. */
export async function logEnd(deps: EndDependencies, subject: string, known?: Head): Promise<LogEnd> {
  const { row, checkpoint: mark } = known ?? (await deps.history.head(subject));
  if (row === undefined || row.expiresAt > deps.clock.now()) return endOf(row, mark, deps.clock.now());
  return endOf(row, await deps.history.checkpoint(subject), deps.clock.now());
}

/**
 * A live row is the end of its log. Otherwise the mark is, while it is alive: whatever was written after it would still be
 * there, so nothing was, and what stands below it is older.
 */
export function endOf(row: MessageFields | undefined, mark: Checkpoint | undefined, now: number): LogEnd {
  const newest = row !== undefined && row.sequence > (mark?.sequence ?? 0) ? row : mark;
  const isRowAlive = row !== undefined && row.expiresAt > now;
  const isMarkTheEnd = mark !== undefined && mark === newest && mark.expiresAt > now;
  const end = isRowAlive ? row : isMarkTheEnd ? mark : undefined;
  return {
    head: end === undefined ? undefined : { epoch: end.epoch, sequence: end.sequence },
    headExpiresAt: end?.expiresAt ?? 0,
    isFromCheckpoint: end !== undefined && end === mark,
    lastSequence: newest?.sequence ?? 0,
    lastEpoch: newest?.epoch,
  };
}
