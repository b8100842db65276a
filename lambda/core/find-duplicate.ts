/**
 * Looks for the first copy of a message that its sender publishes again (`"retry": true`). Costs reads only for those.
 */
import { behindHead, type ClaimDependencies, type Place } from './claim';
import type { Deadline } from './deadline';

const searchedRows = 1_000;
const searchedMs = 10 * 60_000;

/**
 * The newest row of this agent with this id among the last 1,000 rows of the last 10 minutes; else the place behind
 * the newest row that was searched, so that a copy which comes in later is met as a conflict. `undefined` when there was no time to look at all of them.
 */
export async function findDuplicate(
  deps: ClaimDependencies,
  subject: string,
  message: { readonly agentId: string; readonly id: string },
  deadline: Deadline,
): Promise<Place | undefined> {
  const now = deps.clock.now();
  let place: Place | undefined;
  let seen = 0;
  for await (const page of deps.history.newestFirst(subject)) {
    if (deadline.hasPassed) return undefined;
    for (const row of page) {
      place ??= await behindHead(deps, subject, { row, mark: undefined });
      if (row.timestamp < now - searchedMs || seen >= searchedRows) return place;
      seen += 1;
      if (row.agentId === message.agentId && row.id === message.id && row.expiresAt > now) {
        return { kind: 'taken', row };
      }
    }
  }
  // Not the head again: a copy that came in after the search would not be met.
  return place ?? behindHead(deps, subject, { row: undefined, mark: await deps.history.mark(subject) });
}
