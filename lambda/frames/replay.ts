/**
 * Posts what a client has missed, from the log, in order: arrays at level 1, one message after another at level 0.
 * What is published meanwhile is above the head and comes live.
 */
import { type Gap, limits, pack, packFrames, type Position, replayedText } from '../../protocol/index';
import type { Caller } from '../shared/caller';
import type { ControlDependencies } from './control-outcome';
import { bytesOf, type ReadBudget } from '../log/read-budget';
import type { Deadline } from '../shared/deadline';
import { gapsIn } from '../log/gaps';
import type { StoredRow } from '../shared/history-store';
import type { RetryingSender } from '../delivery/retrying-sender';
import type { ChannelPosition } from '../log/channel-position';
import { replayText } from './replay-text';

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

/** Ends early when the connection is gone. Throws what the store throws. */
export async function replay(
  deps: ControlDependencies,
  sender: RetryingSender,
  caller: Caller,
  { channelId, subject, head, replayAfter }: ChannelPosition,
  budget: ReplayBudget,
): Promise<void> {
  if (replayAfter === undefined) return;
  const outbox = new Outbox(sender, caller);
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
      gaps.push(...gapsIn(last, [row], deps.clock.now()));
      last = row.sequence;
      const text = textOf(deps, caller, channelId, row);
      if (text !== undefined) outbox.add(text);
    }
    if (!(await outbox.postFull())) return;
  }
  if (isComplete && last < head.sequence) {
    gaps.push({ from: last + 1, to: head.sequence, reason: 'expired' });
    last = head.sequence;
  }
  const position: Position = { epoch: head.epoch, sequence: last };
  if (caller.level > 0) {
    outbox.add(replayedText({ channelId, position, complete: isComplete, gaps }, deps.clock.now()));
  }
  await outbox.postAll();
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

/** Holds texts back until an array is full. */
class Outbox {
  private waiting: string[] = [];

  constructor(
    private readonly sender: RetryingSender,
    private readonly receiver: Pick<Caller, 'connectionId' | 'level'>,
  ) {}

  add(text: string): void {
    this.waiting.push(text);
  }

  /** Posts all but the last array, which may still grow. Tells whether the connection takes them. */
  async postFull(): Promise<boolean> {
    if (this.receiver.level === 0) return this.postAll();
    const groups = pack(this.waiting, limits.frameBytes);
    this.waiting = groups.pop() ?? [];
    return this.post(groups.flatMap((group) => packFrames(group)));
  }

  postAll(): Promise<boolean> {
    const texts = this.waiting.splice(0);
    return this.post(this.receiver.level === 0 ? texts : packFrames(texts));
  }

  /** One after another, so that they arrive in order. */
  private async post(texts: readonly string[]): Promise<boolean> {
    for (const text of texts) {
      if ((await this.sender.post(this.receiver.connectionId, text)) !== 'delivered') return false;
    }
    return true;
  }
}
