/**
 * The receiver's half of the inbox: gives a connection what its agent has missed, and then takes the inbox mark away.
 * The other half is `record-missed.ts`. At least once, in the order of the inbox (INB-2).
 */
import type { Gap, Message, Position } from '../../protocol/index';
import type { Deadline } from '../shared/deadline';
import { gapsIn } from '../log/gaps';
import type { ReadBudget } from '../log/read-budget';
import type { AgentStore, InboxMark } from '../shared/stores/agent-store';
import type { HistoryStore } from '../shared/stores/history-store';
import type { Clock } from '../shared/ports';
import { isExpiredRequest, messageOfRow } from '../log/stored-message';
import type { PushTarget } from '../shared/inbox-job';
import { inboxSubject } from '../shared/subjects';

export interface PushDependencies {
  readonly agents: AgentStore;
  readonly history: HistoryStore;
  readonly clock: Clock;
}

export interface InboxMessage {
  readonly message: Message;
  readonly position: Position;
}

/** Gives the messages to the connection, in order, while there is time. Tells how many of them, from the first on, it took. */
export type Deliver = (messages: readonly InboxMessage[], hasTime: () => boolean) => Promise<number>;

export interface PushOutcome {
  /**
   * - `settled`: everything was taken, and the mark is gone.
   * - `stopped`: the connection took no more. The mark is where it was, for the next connection.
   * - `unfinished`: time, or what may be read, is used up. The mark has been moved behind what was taken, as far as that could be done.
   */
  readonly kind: 'settled' | 'stopped' | 'unfinished';
  /** How many messages the connection took. */
  readonly taken: number;
  /** What is missing in the part of the log that was pushed. */
  readonly gaps: readonly Gap[];
  /** Where to go on, when unfinished. */
  readonly inboxMark?: InboxMark;
}

/** Kept back for writing down how far the push came. */
const reserveMs = 1_000;

/**
 * Why nothing is lost: a message that relies on the mark was either noted before the mark was read, and thus put before
 * the head is read here; or it is noted later, and then the mark's count differs and it can't be removed; or its sender
 * found the mark and no connection in the set, which was before this one was added or will be after it was removed, and
 * the mark can be removed only while this connection is in the set.
 * `start`: the sequence to begin with, when the connection wants more than what is marked. `reading`: what may be read besides the
 * time. Throws what the stores and `deliver` throw.
 */
export async function pushInbox(
  deps: PushDependencies,
  target: PushTarget,
  mark: InboxMark,
  deliver: Deliver,
  deadline: Deadline,
  start = mark.from,
  reading?: Pick<ReadBudget, 'isUsedUp'>,
): Promise<PushOutcome> {
  const { tenantId, agentId, connectionId } = target;
  const hasTime = (): boolean => deadline.remainingMs >= reserveMs && reading?.isUsedUp !== true;
  let known = mark;
  let next = start;
  let taken = 0;
  const gaps: Gap[] = [];
  for (;;) {
    if (!hasTime()) return { kind: 'unfinished', taken, gaps, inboxMark: known };
    // A message that is stored after this read is delivered live, or recorded as missed again.
    const { row } = await deps.history.head(inboxSubject(tenantId, agentId));
    const upTo = row?.sequence ?? 0;
    for await (const { messages, last, missing } of missedMessages(deps, target, next, upTo)) {
      const count = messages.length === 0 ? 0 : await deliver(messages, hasTime);
      taken += count;
      next = messages[count]?.position.sequence ?? last + 1;
      gaps.push(...missing.filter(({ to }) => to < next));
      if (!hasTime() && next <= upTo) {
        if (next > known.from) await deps.agents.settleMark(tenantId, agentId, connectionId, known, next);
        return { kind: 'unfinished', taken, gaps, inboxMark: { from: next, count: known.count } };
      }
      if (count < messages.length) return { kind: 'stopped', taken, gaps };
    }
    if (await deps.agents.settleMark(tenantId, agentId, connectionId, known))
      return { kind: 'settled', taken, gaps };
    const { inboxMark: current, connectionIds } = await deps.agents.getAgent(tenantId, agentId);
    // Another connection of the agent has got everything too, and was first.
    if (current === undefined) return { kind: 'settled', taken, gaps };
    if (!connectionIds.includes(connectionId)) return { kind: 'stopped', taken, gaps };
    // Something was noted meanwhile. Lower than before, it is older than all that was pushed; else only the rest is left.
    next = current.from < known.from ? current.from : Math.max(next, upTo + 1, current.from);
    known = current;
  }
}

interface InboxPage {
  readonly messages: readonly InboxMessage[];
  readonly missing: readonly Gap[];
  /** Of the page. */
  readonly last: number;
}

/** The log from the mark to `upTo`, by its pages. Rows that have expired or are damaged are no messages, nor are expired requests. */
async function* missedMessages(
  deps: PushDependencies,
  { tenantId, agentId }: PushTarget,
  from: number,
  upTo: number,
): AsyncGenerator<InboxPage> {
  if (from > upTo) return;
  let seen = from - 1;
  for await (const rows of deps.history.range(inboxSubject(tenantId, agentId), { after: seen, upTo })) {
    const now = deps.clock.now();
    const messages: InboxMessage[] = [];
    for (const { body, epoch, sequence, expiresAt, ...row } of rows) {
      if (body === undefined || expiresAt <= now || isExpiredRequest({ body }, now)) continue;
      const message = messageOfRow({ ...row, body }, tenantId, undefined, agentId);
      if (message !== undefined) messages.push({ message, position: { epoch, sequence } });
    }
    const last = rows.at(-1)?.sequence;
    if (last === undefined) continue;
    yield { messages, missing: gapsIn(seen, rows, now), last };
    seen = last;
  }
}
