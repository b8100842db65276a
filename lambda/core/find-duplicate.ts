/**
 * Looks for the first copy of a message that its sender publishes again (`"retry": true`), or may have published again
 * while this attempt was slow. Costs reads only for those.
 */
import { behindHead, type Claim, type ClaimDependencies, isFirstCopy, type Place } from './claim';
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

/** No client has noticed an error and published again sooner. */
const soonestRetryMs = 100;
/** More than a channel takes in the seconds that an attempt may last. */
const overtakenRows = 100;
/** Clocks of functions differ. */
const clockMarginMs = 6 * 60_000;

/** Whether a message that was sent at `sentAt`, and came here at its `timestamp`, may have been sent again by now. */
export function mayBeOvertaken(
  deps: ClaimDependencies,
  { timestamp }: Pick<Claim, 'timestamp'>,
  sentAt: number,
): boolean {
  // The platform's clock may be ahead of ours; our own is not.
  return deps.clock.now() - Math.min(sentAt, timestamp) >= soonestRetryMs;
}

/**
 * The retry of the message among the newest rows, told by its words: without `retry` ids are not compared. Whatever is
 * written after this look is met as a conflict.
 */
export async function findOvertaker(
  deps: ClaimDependencies,
  message: Claim,
  sentAt: number,
): Promise<Place | undefined> {
  let seen = 0;
  for await (const page of deps.history.newestFirst(message.subject)) {
    for (const { timestamp, agentId, id, sequence } of page) {
      seen += 1;
      if (timestamp < sentAt - clockMarginMs || seen > overtakenRows) return undefined;
      if (agentId !== message.agentId || id !== message.id) continue;
      const row = await deps.history.get(message.subject, sequence);
      if (row !== undefined && isFirstCopy(row, message)) return { kind: 'taken', row };
    }
  }
  return undefined;
}
