/**
 * Reads a page of a log: forwards from a position, or backwards from one or from the newest message (HIS-1).
 */
import { type Gap, historyText, type ParsedHistory, limits, pack, type Position } from '../../protocol/index';
import type { Caller } from '../shared/caller';
import { type ControlDependencies, type ControlOutcome, refused } from './control-outcome';
import type { Deadline } from '../shared/deadline';
import { emptyAsOf } from '../log/empty-position';
import { gapsIn } from '../log/gaps';
import type { LogDependencies } from '../log/head';
import { bytesOf, type ReadBudget } from '../log/read-budget';
import type { StoredRow } from '../shared/stores/history-store';
import { TooCostly } from '../shared/work-budget';
import { mayUse, type ChannelPosition, channelPosition } from '../log/channel-position';
import { replayText } from '../log/replay-text';

const maxReadMs = 2_000;
/** Of the time of the text message, for posting what was read. */
const postingMs = 800;
/** Of a part, for everything but the messages. */
const envelopeBytes = 2_048;
/** Of the envelope, without their codes; a longer list of gaps is a part of its own. */
const maxGapBytes = 512;

interface Rows {
  /** Oldest first. */
  readonly rows: readonly StoredRow[];
  /** The last row that was looked at, when there may be more in the same direction. */
  readonly cutAt: number | undefined;
}

/** Throws what the store throws, and TooCostly. */
export async function history(
  deps: ControlDependencies,
  caller: Caller,
  frame: ParsedHistory,
  deadline: Deadline,
  reading: ReadBudget,
): Promise<ControlOutcome> {
  if (caller.level === 0 && mayUse(caller, frame.channelId, 'history')) return { ok: true, answer: [] };
  const outcome = await readHistory(deps, caller, frame, deadline, reading);
  return outcome.ok
    ? { ok: true, answer: partsOf(frame.id, frame.channelId, outcome.page, deps.clock.now()) }
    : outcome;
}

export type HistoryQuery = Pick<ParsedHistory, 'channelId' | 'after' | 'before' | 'limit'>;

export interface HistoryPage {
  /** Of the log. */
  readonly head: Position;
  /** Texts, oldest first. */
  readonly messages: readonly string[];
  readonly gaps: readonly Gap[];
  /** Where there is more in the same direction. */
  readonly next: Position | undefined;
}

export type HistoryOutcome =
  { readonly ok: true; readonly page: HistoryPage } | Extract<ControlOutcome, { ok: false }>;

/** Throws what the store throws, and TooCostly. */
export async function readHistory(
  deps: LogDependencies,
  caller: Caller,
  query: HistoryQuery,
  deadline: Deadline,
  reading: ReadBudget,
): Promise<HistoryOutcome> {
  const { channelId, after, before } = query;
  // HIS-2
  if (!mayUse(caller, channelId, 'history')) {
    return refused('forbidden', 'The token does not allow reading the history of this channel');
  }
  const place = await channelPosition(deps, caller, { channelId, since: after }, reading.mayLook);
  if (place.unreadAfter !== undefined) throw new TooCostly();
  if (place.state.recovered === false) return notRecoverable(place.state.reason);
  // Nothing is below the position of an empty log, whatever has come since.
  const isBeforeAll = before !== undefined && emptyAsOf(before) !== undefined;
  if (before !== undefined && !isBeforeAll && before.epoch !== place.head.epoch)
    return notRecoverable('epoch_changed');
  const end = isBeforeAll ? 0 : Math.min(before?.sequence ?? Infinity, place.head.sequence + 1);
  const time = deadline.within(Math.min(maxReadMs, Math.max(0, deadline.remainingMs - postingMs)));
  return { ok: true, page: await read(deps, caller, query, { place, end, deadline: time, reading }) };
}

function notRecoverable(reason: string | undefined): Extract<ControlOutcome, { ok: false }> {
  return refused('not_recoverable', `The log can’t be read from this position: ${reason ?? 'unknown'}`);
}

interface Reading {
  readonly place: ChannelPosition;
  /** Backwards: the sequence below which the page ends. */
  readonly end: number;
  readonly deadline: Deadline;
  readonly reading: ReadBudget;
}

async function read(
  deps: LogDependencies,
  caller: Caller,
  { limit, channelId }: HistoryQuery,
  { place, end, deadline, reading }: Reading,
): Promise<HistoryPage> {
  const { subject, head, replayAfter } = place;
  const now = deps.clock.now();
  const isForward = replayAfter !== undefined;
  const firstRows = reading.isUsedUp ? 1 : limit;
  const rows = isForward
    ? deps.history.range(subject, { after: replayAfter, upTo: head.sequence, firstRows })
    : deps.history.rangeBack(subject, { before: end, firstRows });
  const lastOfAll = isForward ? head.sequence : 1;
  const page = await collect(rows, limit, { deadline, reading }, now, isForward);
  const start = isForward ? replayAfter : (page.rows[0]?.sequence ?? 1) - 1;
  return {
    head,
    messages: page.rows.flatMap((row) => replayText(row, caller, channelId, now) ?? []),
    gaps: gapsIn(start, page.rows, now),
    next:
      page.cutAt === undefined || page.cutAt === lastOfAll
        ? undefined
        : { epoch: head.epoch, sequence: page.cutAt },
  };
}

/** The parts of the answer. */
function partsOf(
  messageId: string,
  channelId: string,
  { head, messages, gaps, next }: HistoryPage,
  now: number,
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
): Promise<Rows> {
  const rows: StoredRow[] = [];
  let last: number | undefined;
  let isCut = false;
  reading: for await (const page of pages) {
    for (const row of page) {
      // One at least: the next page begins behind the last one.
      const isUsedUp = reading.isUsedUp || deadline.hasPassed;
      if (rows.length === limit || (rows.length > 0 && isUsedUp)) {
        isCut = true;
        break reading;
      }
      last = row.sequence;
      if (row.expiresAt <= now) continue;
      rows.push(row);
      reading.spend(bytesOf(row));
    }
    // Before the next page is read; there may also be a long stretch of expired rows, which DynamoDB deletes late.
    if (!reading.hasPage || deadline.hasPassed || (rows.length > 0 && reading.isUsedUp)) {
      isCut = true;
      break;
    }
  }
  return { rows: isForward ? rows : rows.reverse(), cutAt: isCut ? last : undefined };
}
