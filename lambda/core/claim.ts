/**
 * Claims the next sequence of a log with the message's own conditional put (design: no counter, no cached head).
 * Whatever happens in between (a conflict, a lost answer, a crash), the log has no hole and holds the message once.
 */
import type { Position } from '../../protocol/index';
import type { Deadline } from './deadline';
import type { Clock, HistoryStore, LogRow, NewId } from './ports';

export interface Claim {
  readonly subject: string;
  readonly id: string;
  readonly agentId: string;
  readonly timestamp: number;
  readonly body: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

export interface Claimed {
  readonly status: 'claimed' | 'duplicate';
  readonly position: Position;
  /** Of the row in the log: for a duplicate the first one's. */
  readonly timestamp: number;
}

export interface ClaimDependencies {
  readonly history: HistoryStore;
  readonly clock: Clock;
  readonly newId: NewId;
}

const claimTimeMs = 3_000;
const conflictsBeforeHeadRead = 5;
const jitterMs = 40;

/**
 * Puts the message into the log. `after` is the position of the message before it when that has just been claimed by the
 * same batch: then the head needs no reading. Gives `undefined` when no place could be had in time; the message may be in
 * the log all the same (its sender then says `retry`).
 */
export async function claim(
  deps: ClaimDependencies,
  message: Claim,
  deadline: Deadline,
  after?: Position,
): Promise<Claimed | undefined> {
  const { history, clock } = deps;
  const limit = deadline.within(claimTimeMs);
  const nonce = deps.newId();
  let next = after ? following(after) : await nextPosition(deps, message.subject);
  let conflicts = 0;
  while (!limit.hasPassed) {
    const outcome = await history.tryPut(message.subject, row(message, next, nonce));
    if (outcome === 'written') return { status: 'claimed', position: next, timestamp: message.timestamp };
    const met = await history.get(message.subject, next.sequence);
    if (met === undefined) {
      // An unclear put that has not come in: the same sequence and nonce again, so that it can't come in twice.
      await pause(clock, limit);
      continue;
    }
    if (met.nonce === nonce) return { status: 'claimed', position: next, timestamp: message.timestamp };
    if (met.id === message.id && met.agentId === message.agentId) return duplicateOf(met);
    conflicts += 1;
    if (conflicts % conflictsBeforeHeadRead === 0) {
      await pause(clock, limit);
      next = await nextPosition(deps, message.subject);
    } else {
      // The row is there, so the next sequence leaves no hole; its epoch is the log's.
      next = following(met);
    }
  }
  return undefined;
}

export function duplicateOf(met: LogRow): Claimed {
  return {
    status: 'duplicate',
    position: { epoch: met.epoch, sequence: met.sequence },
    timestamp: met.timestamp,
  };
}

/** Where the next message goes. A log that is empty, or whose newest row has expired, starts a new epoch. */
async function nextPosition(deps: ClaimDependencies, subject: string): Promise<Position> {
  const head = await deps.history.head(subject);
  if (head !== undefined && head.expiresAt > deps.clock.now()) return following(head);
  // Expired rows are deleted late and in no order: the sequence goes on from the newest that is still there.
  return { epoch: deps.newId(), sequence: (head?.sequence ?? 0) + 1 };
}

function pause(clock: Clock, limit: Deadline): Promise<void> {
  return clock.sleep(Math.min(clock.random() * jitterMs, limit.remainingMs));
}

function following(position: Position): Position {
  return { epoch: position.epoch, sequence: position.sequence + 1 };
}

function row(message: Claim, position: Position, nonce: string): LogRow {
  const { id, agentId, timestamp, body, expiresAt } = message;
  return { ...position, nonce, id, agentId, timestamp, body, expiresAt };
}
