/**
 * What is missing in a stretch of a log: rows that have expired, rows that are gone, rows that are damaged or erased, and
 * requests whose senders have given up.
 */
import type { Gap } from '../../protocol/index';
import type { StoredRow } from '../shared/stores/history-store';
import { isExpiredRequest } from './stored-message';

/**
 * The gaps in `rows` (oldest first), which should begin right above `after` and, with `upTo`, end there. Neighbours with one
 * reason are one gap.
 * @example gapsIn(4, [{ sequence: 7, … }], now) // [{ from: 5, to: 6, reason: 'expired' }]
 */
export function gapsIn(after: number, rows: readonly StoredRow[], now: number, upTo?: number): Gap[] {
  const gaps: Gap[] = [];
  const add = (from: number, to: number, reason: Gap['reason']): void => {
    if (from <= to) addGap(gaps, { from, to, reason });
  };
  let seen = after;
  for (const row of rows) {
    const { sequence, expiresAt, body, isErased } = row;
    // Sequences have no holes, so what is not there was deleted.
    add(seen + 1, sequence - 1, 'expired');
    if (expiresAt <= now) add(sequence, sequence, 'expired');
    else if (isErased)
      add(sequence, sequence, 'erased'); // LOG-3
    else if (body === undefined) add(sequence, sequence, 'damaged');
    else if (isExpiredRequest(row, now)) add(sequence, sequence, 'request_expired');
    seen = sequence;
  }
  if (upTo !== undefined) add(seen + 1, upTo, 'expired');
  return gaps;
}

/** Adds a gap behind the others. */
export function addGap(gaps: Gap[], gap: Gap): void {
  const last = gaps.at(-1);
  if (last?.reason === gap.reason && last.to === gap.from - 1)
    gaps[gaps.length - 1] = { ...last, to: gap.to };
  else gaps.push(gap);
}
