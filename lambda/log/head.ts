/**
 * The head of a log as readers see it. Whoever looks keeps a quiet log alive: before its end can't be told any more,
 * item 0 is raised to it.
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

/** The end of the log, kept alive. A failure to keep it so is the next reader's to mend. */
export async function refreshedEnd(deps: LogDependencies, subject: string): Promise<LogEnd> {
  const end = await logEnd(deps, subject);
  try {
    await refreshCheckpoint(deps, subject, end);
  } catch (error) {
    deps.log.error('mark_not_raised', errorFields(error));
  }
  return end;
}

/** Raises item 0 when half of the time is over for which the end can be told. A busy log never gets here. */
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
