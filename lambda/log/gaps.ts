/**
 * What is missing in a stretch of a log: rows that have expired, rows that are gone, rows that are damaged, and requests whose
 * senders have given up.
 */
import type { Gap } from '../../protocol/index';
import type { StoredRow } from '../shared/history-store';
import { isExpiredRequest } from './stored-message';

/**
 * The gaps in `rows` (oldest first), which should begin right above `after` and, with `upTo`, end there. Neighbours with one
 * reason are one gap.
 * @example gapsIn(4, [{ sequence: 7, … }], now) // [{ from: 5, to: 6, reason: 'expired' }]
 */
export function gapsIn(after: number, rows: readonly StoredRow[], now: number, upTo?: number): Gap[] {
  const gaps: Gap[] = [];
  const add = (from: number, to: number, reason: Gap['reason']): void => {
    if (from > to) return;
    const last = gaps.at(-1);
    if (last?.reason === reason && last.to === from - 1) gaps[gaps.length - 1] = { ...last, to };
    else gaps.push({ from, to, reason });
  };
  let seen = after;
  for (const row of rows) {
    const { sequence, expiresAt, body } = row;
    // Sequences have no holes, so what is not there was deleted.
    add(seen + 1, sequence - 1, 'expired');
    if (expiresAt <= now) add(sequence, sequence, 'expired');
    else if (body === undefined) add(sequence, sequence, 'damaged');
    else if (isExpiredRequest(row, now)) add(sequence, sequence, 'request_expired');
    seen = sequence;
  }
  if (upTo !== undefined) add(seen + 1, upTo, 'expired');
  return gaps;
}
