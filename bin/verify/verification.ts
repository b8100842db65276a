/** Asks a deployment all questions, and gives the answers as rows of a table. */
import { answer, type Check, type Row } from './check';
import { handshakeChecks } from './handshakes';
import { messageChecks } from './messages';
import type { Target } from './target';
import { beginSweepCheck, coldAcks, warmAcks } from './times';

/**
 * One after another, so that a time is not that of another check. Only the wait for the sweep runs beside the others.
 * @param report called with each row as it becomes known
 */
export async function verify(target: Target, report: (row: Row) => void): Promise<Row[]> {
  const rows: Row[] = [];
  try {
    const add = async (check: Check): Promise<void> => {
      const row = await answer(check, target);
      rows.push(row);
      report(row);
    };
    // First, while no function has run.
    await add(coldAcks);
    const sweep = beginSweepCheck(target);
    for (const check of [warmAcks, ...handshakeChecks(target), ...messageChecks, sweep]) await add(check);
    return rows;
  } finally {
    target.closeAll();
  }
}
