/**
 * Posts what a client has missed, from the log, in order: arrays at level 1, one message after another at level 0.
 * What is published meanwhile is above the head and comes live.
 */
import { type Gap, limits, type Position, replayedText } from '../../protocol/index';
import type { Caller } from '../shared/caller';
import type { ControlDependencies } from './control-outcome';
import { bytesOf, type ReadBudget } from '../log/read-budget';
import type { Deadline } from '../shared/deadline';
import { addGap, gapsIn } from '../log/gaps';
import type { StoredRow } from '../shared/stores/history-store';
import type { Outbox } from './outbox';
import type { ChannelPosition } from '../log/channel-position';
import { replayText } from '../log/replay-text';

/** SUB-6 */
const maxReplayMs = 3_000;

/** What one `hello` or `subscribe` may still replay, over all its channels. */
export class ReplayBudget {
  readonly deadline: Deadline;
  private messages: number = limits.historyMessages;

  constructor(
    deadline: Deadline,
    readonly reading: ReadBudget,
  ) {
    this.deadline = deadline.within(maxReplayMs);
  }

  get isUsedUp(): boolean {
    return this.messages === 0 || this.reading.isUsedUp || this.deadline.hasPassed;
  }

  take(bytes: number): void {
    this.messages -= 1;
    this.reading.spend(bytes);
  }
}

/** Ends early when the connection is gone. The last array stays in the outbox. Throws what the store throws. */
export async function replay(
  deps: ControlDependencies,
  outbox: Outbox,
  caller: Caller,
  { channelId, subject, head, replayAfter, unreadAfter }: ChannelPosition,
  budget: ReplayBudget,
): Promise<void> {
  if (outbox.isLost) return;
  if (unreadAfter !== undefined && caller.level > 0) {
    outbox.add(
      replayedText({ channelId, position: unreadAfter, complete: false, gaps: [] }, deps.clock.now()),
    );
  }
  if (replayAfter === undefined) return;
  const gaps: Gap[] = [];
  let last = replayAfter;
  let isComplete = !budget.isUsedUp;
  const pages = deps.history.range(subject, { after: replayAfter, upTo: head.sequence });
  reading: for await (const page of budget.isUsedUp ? none() : pages) {
    for (const row of page) {
      if (budget.isUsedUp) {
        isComplete = false;
        break reading;
      }
      budget.take(bytesOf(row));
      for (const gap of gapsIn(last, [row], deps.clock.now())) addGap(gaps, gap);
      last = row.sequence;
      const text = textOf(deps, caller, channelId, row);
      if (text !== undefined) outbox.add(text);
    }
    if (!(await outbox.postFull())) return;
  }
  if (isComplete && last < head.sequence) {
    addGap(gaps, { from: last + 1, to: head.sequence, reason: 'expired' });
    last = head.sequence;
  }
  const position: Position = { epoch: head.epoch, sequence: last };
  if (caller.level > 0) {
    outbox.add(replayedText({ channelId, position, complete: isComplete, gaps }, deps.clock.now()));
  }
  await outbox.postFull();
}

/** `undefined` for a row that is no message any more. */
function textOf(
  deps: ControlDependencies,
  caller: Caller,
  channelId: string,
  row: StoredRow,
): string | undefined {
  const now = deps.clock.now();
  return row.expiresAt <= now ? undefined : replayText(row, caller, channelId, now);
}

/** Not even a read: the client sees that its replay is not complete. */
async function* none(): AsyncGenerator<readonly StoredRow[]> {
  // Nothing.
}
