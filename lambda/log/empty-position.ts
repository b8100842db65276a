/**
 * The position of a log that has nothing to continue from (POS-1). The log has no epoch yet, so the position names a time
 * instead.
 */
import type { Position } from '../../protocol/index';

const grammar = /^empty-(\d{1,15})$/;
/** A third of the shortest retention: a client that asks now and then never holds one that is too old. */
const refreshMs = 20 * 60_000;

export function emptyPosition(now: number): Position {
  return { epoch: `empty-${String(now)}`, sequence: 0 };
}

/** Epoch milliseconds as of which the log was empty; `undefined` for any other position. */
export function emptyAsOf({ epoch }: Position): number | undefined {
  const time = grammar.exec(epoch)?.[1];
  return time === undefined ? undefined : Number(time);
}

/** Whether a client at `known` has nothing to learn from `head`. An empty position is renewed now and then, as it ages. */
export function isSamePosition(head: Position, known: Position): boolean {
  if (head.sequence !== known.sequence) return false;
  const [headTime, timeOfEpoch] = [emptyAsOf(head), emptyAsOf(known)];
  if (headTime === undefined || timeOfEpoch === undefined) return head.epoch === known.epoch;
  return Math.abs(headTime - timeOfEpoch) < refreshMs;
}
