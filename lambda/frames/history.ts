/**
 * Reads a page of a log: forwards from a position, or backwards from one or from the newest message (HIS-1).
 */
import { type Gap, historyText, type ParsedHistory, limits, pack, type Position } from '../../protocol/index';
import type { Caller } from '../shared/caller';
import { type ControlDependencies, type ControlOutcome, refused } from './control-outcome';
import type { Deadline } from '../shared/deadline';
import { emptyAsOf } from '../log/empty-position';
import { gapsIn } from '../log/gaps';
import { bytesOf, type ReadBudget } from '../log/read-budget';
import type { StoredRow } from '../shared/history-store';
import { mayUse, type ChannelPosition, channelPosition } from '../log/channel-position';
import { replayText } from './replay-text';

const maxReadMs = 2_000;
/** Of the time of the text message, for posting what was read. */
const postingMs = 800;
/** Rows that are read at once when nothing more may be read but one message: the first ones may have expired. */
const rowsWithoutBudget = 10;
/** Of a part, for everything but the messages. */
const envelopeBytes = 2_048;
/** Of the envelope, without their codes; a longer list of gaps is a part of its own. */
const maxGapBytes = 512;

interface Page {
  /** Oldest first. */
  readonly rows: readonly StoredRow[];
  /** Whether there may be more in the same direction. */
  readonly isCut: boolean;
}

/** Throws what the store throws. */
export async function history(
  deps: ControlDependencies,
  caller: Caller,
  frame: ParsedHistory,
  deadline: Deadline,
  reading: ReadBudget,
): Promise<ControlOutcome> {
  const { channelId, after, before } = frame;
  // HIS-2
  if (!mayUse(caller, channelId, 'history')) {
    return refused('forbidden', 'The token does not allow reading the history of this channel');
  }
  if (caller.level === 0) return { ok: true, answer: [] };
  const place = await channelPosition(deps, caller, { channelId, since: after });
  if (place.state.recovered === false) return notRecoverable(place.state.reason);
  // Nothing is below the position of an empty log, whatever has come since.
  const isBeforeAll = before !== undefined && emptyAsOf(before) !== undefined;
  if (before !== undefined && !isBeforeAll && before.epoch !== place.head.epoch)
    return notRecoverable('epoch_changed');
  const end = isBeforeAll ? 0 : Math.min(before?.sequence ?? Infinity, place.head.sequence + 1);
  const time = deadline.within(Math.min(maxReadMs, Math.max(0, deadline.remainingMs - postingMs)));
  return { ok: true, answer: await read(deps, caller, frame, { place, end, deadline: time, reading }) };
}

function notRecoverable(reason: string | undefined): ControlOutcome {
  return refused('not_recoverable', `The log can’t be read from this position: ${reason ?? 'unknown'}`);
}

interface Reading {
  readonly place: ChannelPosition;
  /** Backwards: the sequence below which the page ends. */
  readonly end: number;
  readonly deadline: Deadline;
  readonly reading: ReadBudget;
}

/** The parts of the answer. */
async function read(
  deps: ControlDependencies,
  caller: Caller,
  frame: ParsedHistory,
  { place, end, deadline, reading }: Reading,
): Promise<string[]> {
  const { channelId, subject, head, replayAfter } = place;
  const now = deps.clock.now();
  const isForward = replayAfter !== undefined;
  const firstRows = reading.isUsedUp ? rowsWithoutBudget : frame.limit;
  const rows = isForward
    ? deps.history.range(subject, { after: replayAfter, upTo: head.sequence, firstRows })
    : deps.history.rangeBack(subject, { before: end, firstRows });
  const page = await collect(rows, frame.limit, { deadline, reading }, now, isForward);
  const messages = page.rows.flatMap((row) => replayText(row, caller, channelId, now) ?? []);
  const start = isForward ? replayAfter : (page.rows[0]?.sequence ?? 1) - 1;
  const last = isForward ? page.rows.at(-1) : page.rows[0];
  return partsOf(frame.id, channelId, head, messages, {
    gaps: gapsIn(start, page.rows, now),
    next: page.isCut && last !== undefined ? { epoch: head.epoch, sequence: last.sequence } : undefined,
    now,
  });
}

function partsOf(
  messageId: string,
  channelId: string,
  head: Position,
  messages: readonly string[],
  { gaps, next, now }: { gaps: readonly Gap[]; next: Position | undefined; now: number },
): string[] {
  // HIS-3
  const groups = pack(messages, limits.frameBytes - envelopeBytes);
  if (groups.length === 0 || JSON.stringify(gaps).length > maxGapBytes) groups.push([]);
  return groups.map((texts, index) => {
    const isLast = index === groups.length - 1;
    const part = { messages: texts, gaps: isLast ? gaps : [], part: index + 1, isLast };
    return historyText({ messageId, channelId, head, ...part, next: isLast ? next : undefined }, now);
  });
}

/** HIS-4: expired rows are skipped; at the old end of a log they are not a gap. */
async function collect(
  pages: AsyncIterable<readonly StoredRow[]>,
  limit: number,
  { deadline, reading }: Pick<Reading, 'deadline' | 'reading'>,
  now: number,
  isForward: boolean,
): Promise<Page> {
  const rows: StoredRow[] = [];
  let isCut = false;
  reading: for await (const page of pages) {
    for (const row of page) {
      if (row.expiresAt <= now) continue;
      // One at least: the next page begins behind the last one.
      const isUsedUp = reading.isUsedUp || deadline.hasPassed;
      if (rows.length === limit || (rows.length > 0 && isUsedUp)) {
        isCut = true;
        break reading;
      }
      rows.push(row);
      reading.spend(bytesOf(row));
    }
  }
  return { rows: isForward ? rows : rows.reverse(), isCut };
}
