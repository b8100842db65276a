/**
 * The head of a log as readers see it. A reader of a quiet log raises item 0 to the head before the newest row expires, so that
 * the log can still be continued.
 */
import type { Position } from '../../protocol/index';
import { emptyPosition } from './empty-position';
import { errorFields } from '../shared/error-fields';
import { type EndDependencies, type LogEnd, logEnd } from './log-end';
import type { Logger } from '../shared/ports';

export { emptyPosition, isSamePosition } from './empty-position';

export interface LogDependencies extends EndDependencies {
  readonly log: Logger;
  /** How long a message stays in its log. */
  readonly retentionMs: number;
}

/** Throws what the store throws. */
export async function headOf(deps: LogDependencies, subject: string): Promise<Position> {
  const now = deps.clock.now();
  return (await refreshedEnd(deps, subject)).head ?? emptyPosition(now);
}

/** The end of the log. When item 0 can't be raised, the next reader tries again. */
export async function refreshedEnd(deps: LogDependencies, subject: string): Promise<LogEnd> {
  const end = await logEnd(deps, subject);
  try {
    await refreshCheckpoint(deps, subject, end);
  } catch (error) {
    deps.log.error('mark_not_raised', errorFields(error));
  }
  return end;
}

/** LOG-2: raises item 0 when half of its time is over. A busy log never needs it. */
async function refreshCheckpoint(
  { history, clock, retentionMs }: LogDependencies,
  subject: string,
  { head, headExpiresAt, isFromCheckpoint: isFromMark }: LogEnd,
): Promise<void> {
  const soon = clock.now() + retentionMs / 2;
  if (head === undefined || headExpiresAt > soon) return;
  if (!isFromMark) {
    const mark = await history.checkpoint(subject);
    if (mark !== undefined && mark.sequence >= head.sequence && mark.expiresAt > soon) return;
  }
  await history.raiseCheckpoint(subject, head, clock.now() + retentionMs);
}
