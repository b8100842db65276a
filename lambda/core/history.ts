/**
 * A page of a log, forwards from a position or backwards from one or from the newest message.
 */
import { type Gap, historyText, type HistoryFrame, limits, pack, type Position } from '../../protocol/index';
import type { Caller } from './caller';
import { type Afterwards, type ControlDependencies, type ControlOutcome, refused } from './control-outcome';
import type { Deadline } from './deadline';
import { gapsIn } from './gaps';
import type { StoredRow } from './ports';
import { mayUse, type Standing, standing } from './standing';
import { replayText } from './replay-text';

const longestReadMs = 2_000;
/** Of one answer, whatever the limit: a page is a look, a log is read page by page. */
const mostBytes = 1_048_576;
/** Of a part, for everything but the messages. */
const envelopeBytes = 2_048;

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
  frame: HistoryFrame,
): Promise<ControlOutcome> {
  const { channelId, after, before } = frame;
  if (!mayUse(caller, channelId, 'history')) {
    return refused('forbidden', 'The token does not allow reading the history of this channel');
  }
  if (caller.level === 0) return { ok: true, answer: [] };
  const place = await standing(deps, caller, { channelId, since: after });
  if (place.state.recovered === false) return notRecoverable(place.state.reason);
  if (before !== undefined && before.epoch !== place.head.epoch) return notRecoverable('epoch_changed');
  return { ok: true, answer: [], afterwards: answerWith(deps, caller, frame, place) };
}

function notRecoverable(reason: string | undefined): ControlOutcome {
  return refused('not_recoverable', `The log can’t be read from this position: ${reason ?? 'unknown'}`);
}

function answerWith(
  deps: ControlDependencies,
  caller: Caller,
  frame: HistoryFrame,
  { subject, head, replayAfter }: Standing,
): Afterwards {
  const { channelId, before, limit } = frame;
  const now = deps.clock.now();
  return async (sender, deadline) => {
    const isForward = replayAfter !== undefined;
    const rows = isForward
      ? deps.history.range(subject, { after: replayAfter, upTo: head.sequence })
      : deps.history.rangeBack(subject, before === undefined ? {} : { before: before.sequence });
    const page = await collect(rows, limit, deadline.within(longestReadMs), now, isForward);
    const messages = page.rows.flatMap((row) => replayText(row, caller, channelId, now) ?? []);
    const start = isForward ? replayAfter : (page.rows[0]?.sequence ?? 1) - 1;
    const gaps: readonly Gap[] = gapsIn(start, page.rows, now);
    const end = isForward ? page.rows.at(-1) : page.rows[0];
    const next: Position | undefined =
      page.isCut && end !== undefined ? { epoch: head.epoch, sequence: end.sequence } : undefined;
    const groups = pack(messages, limits.frameBytes - envelopeBytes);
    const parts = groups.length === 0 ? [[]] : groups;
    for (const [index, texts] of parts.entries()) {
      const isLast = index === parts.length - 1;
      const text = historyText(
        {
          messageId: frame.id,
          channelId,
          head,
          messages: texts,
          gaps: isLast ? gaps : [],
          part: index + 1,
          isLast,
          next: isLast ? next : undefined,
        },
        deps.clock.now(),
      );
      if ((await sender.post(caller.connectionId, text)) !== 'delivered') return;
    }
  };
}

/** Expired rows are passed over: at the old end of a log they are no gap. */
async function collect(
  pages: AsyncIterable<readonly StoredRow[]>,
  limit: number,
  deadline: Deadline,
  now: number,
  isForward: boolean,
): Promise<Page> {
  const rows: StoredRow[] = [];
  let bytes = 0;
  let isCut = false;
  reading: for await (const page of pages) {
    for (const row of page) {
      if (row.expiresAt <= now) continue;
      if (rows.length === limit || bytes > mostBytes || deadline.hasPassed) {
        isCut = true;
        break reading;
      }
      rows.push(row);
      bytes += row.body?.length ?? 0;
    }
  }
  return { rows: isForward ? rows : rows.reverse(), isCut };
}
