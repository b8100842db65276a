/**
 * Finds the first copy of a message that its sender publishes again (`"retry": true`). Costs reads only for those.
 */
import type { HistoryStore, LogRow } from './ports';

const searchedRows = 1_000;
const searchedMs = 10 * 60_000;

/** The newest row of this agent with this id among the last 1,000 rows of the last 10 minutes. */
export async function findDuplicate(
  history: HistoryStore,
  subject: string,
  agentId: string,
  id: string,
  now: number,
): Promise<LogRow | undefined> {
  let seen = 0;
  for await (const page of history.newestFirst(subject)) {
    for (const row of page) {
      if (row.timestamp < now - searchedMs || seen >= searchedRows) return undefined;
      seen += 1;
      if (row.agentId === agentId && row.id === id && row.expiresAt > now) return row;
    }
  }
  return undefined;
}
