/**
 * `history`: reads a log (HIS-1).
 */
import type { JsonObject } from '../../json';
import { limits } from '../../limits';
import type { Id, LogName, Position } from '../values';
import {
  type Complaint,
  hasLog,
  isCount,
  isTarget,
  optionalPosition,
  positionShape,
  readTarget,
  type Target,
  wrong,
} from './fields';

/** @maxProperties 128 */
export type HistoryFrame = HistoryAfter | HistoryBefore;

interface HistoryFields {
  readonly type: 'history';
  readonly id: Id;
  readonly channel_id: LogName;
  readonly limit?: HistoryLimit | null | undefined;
}

/** Forwards from `after`; with neither the newest messages. */
interface HistoryAfter extends HistoryFields {
  readonly after?: Position | null | undefined;
  readonly before?: null | undefined;
}

interface HistoryBefore extends HistoryFields {
  readonly after?: null | undefined;
  readonly before: Position;
}

/**
 * @asType integer
 * @minimum 1
 * @maximum 1000
 */
export type HistoryLimit = number;

export const examples: readonly HistoryFrame[] = [
  { type: 'history', id: 'q1', channel_id: 'orders' },
  { type: 'history', id: 'q2', channel_id: '$inbox', after: { epoch: 'k3v', sequence: 41 }, limit: 20 },
  { type: 'history', id: 'q3', channel_id: 'orders', before: { epoch: 'k3v', sequence: 41 }, limit: 20 },
];

export interface ParsedHistory extends Target {
  readonly type: 'history';
  /** Neither: the newest messages. */
  readonly after: Position | undefined;
  readonly before: Position | undefined;
  readonly limit: number;
}

export function readHistory(id: string | undefined, frame: JsonObject): ParsedHistory | Complaint {
  const target = readTarget(id, frame, hasLog);
  if (!isTarget(target)) return target;
  const after = optionalPosition(frame.after);
  if (after === null) return wrong(`"after" ${positionShape}`);
  const before = optionalPosition(frame.before);
  if (before === null) return wrong(`"before" ${positionShape}`);
  if (after !== undefined && before !== undefined) return wrong('Give "after" or "before", not both');
  const limit = frame.limit ?? limits.historyDefault;
  if (!isCount(limit) || limit < 1 || limit > limits.historyMessages) {
    return wrong(`"limit" must be a whole number from 1 to ${limits.historyMessages}`);
  }
  return { type: 'history', ...target, after, before, limit };
}
