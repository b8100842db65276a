/**
 * The sweep: repairs what a lost event left behind. It removes connections that are gone or whose token has expired, rows without
 * their connection, and connections without their rows. A run checks as many connections as it has time for; the next run continues.
 */
import type { Connection } from '../shared/stores/connection-store';
import type { Deadline } from '../shared/deadline';
import { eachConcurrently, onePage } from '../shared/each-concurrently';
import { errorFields } from '../shared/error-fields';
import { Pacer } from '../agents/pacer';
import { removeConnection } from '../agents/remove-connection';
import {
  checkConnection,
  sweepActionFor,
  endConnection,
  type SweepDependencies,
  type SweepOutcome,
} from './sweep-connection';
import { ringDistance, ringPlace, ringSize } from './hash-ring';
import { tokenOf } from './revoked-tokens';
import type { SweepCursor } from '../shared/stores/sweep-store';
import { SweepWindow } from './sweep-window';

/** Calls to the platform: a fortieth of what an account may make. */
const callsPerSecond = 250;
const sweepConcurrency = 50;
/** Kept for what has been begun. */
const reserveMs = 8_000;
/** The most that reading may take of a run. */
const readingMs = 45_000;
/** Of a run, the least that is kept for asking and ending. */
const checkingMs = 40_000;
/** Connections that are looked up together. */
const rowsPerLookup = 100;

export type SweepCounts = Partial<Record<SweepOutcome | 'strays' | 'failed' | 'left', number>>;

export interface SweepSummary extends SweepCounts {
  readonly rows: number;
  /** Whether all rows were read. */
  readonly whole: boolean;
}

/** Throws what the stores throw while it reads; after that, a failure costs the one connection, until its next turn. */
export async function sweep(deps: SweepDependencies, deadline: Deadline): Promise<SweepSummary> {
  const counts: SweepCounts = {};
  const count = (what: keyof SweepCounts): void => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  let failure: unknown;
  /** Whether there was time for it. */
  const attempt = async (work: () => Promise<keyof SweepCounts | undefined>): Promise<boolean> => {
    if (deadline.remainingMs < reserveMs) {
      count('left');
      return false;
    }
    try {
      const outcome = await work();
      if (outcome !== undefined) count(outcome);
    } catch (error) {
      failure ??= error;
      count('failed');
    }
    return true;
  };

  const { page, place = 0, reached: reachedBefore = ringSize } = await deps.sweep.cursor();
  const cursor: SweepCursor = { page, place, reached: reachedBefore };
  const window = await SweepWindow.read(deps.sweep, cursor.page, deps.quotas, deadline.within(readingMs));
  await Promise.all([writeCounts(deps, window, attempt), removeStrays(deps, window, deadline, attempt)]);

  const now = deps.clock.now();
  const pacer = new Pacer(deps.clock, callsPerSecond);
  const actionFor = (row: Connection): ReturnType<typeof sweepActionFor> => {
    const action = sweepActionFor(row, now);
    return action === 'check' && window.isRevoked(row) ? 'end' : action;
  };
  const ending = window.connections.filter((row) => actionFor(row) === 'end');
  await eachConcurrently(onePage(ending), sweepConcurrency, async (row) => {
    await attempt(() => endConnection(deps, pacer, row, window.isRevoked(row) ? 'revoked' : 'token_expired'));
  });
  let reached = ringSize;
  const checked = window.connections.filter((row) => actionFor(row) === 'check');
  const turns = inTurn(checked, cursor.place);
  await eachConcurrently(onePage(turns), sweepConcurrency, async ({ row, distance }) => {
    const isDone = await attempt(async () => {
      // Revocations may stand in a part of the table that this run has not read.
      if (!window.isComplete && (await deps.revocations.isRevoked(tokenOf(row))))
        return endConnection(deps, pacer, row, 'revoked');
      return checkConnection(deps, pacer, row, window.missingOf(row));
    });
    if (!isDone) reached = Math.min(reached, distance);
  });

  if (failure !== undefined) deps.log.error('sweep_incomplete', errorFields(failure));
  const next = nextCursor(cursor, window.next, reached);
  if (!isSame(next, cursor)) await deps.sweep.moveCursor(next);
  return { rows: window.rows, whole: window.isComplete, ...counts };
}

/** Round the ring, from a place on. */
function inTurn(rows: readonly Connection[], place: number): { row: Connection; distance: number }[] {
  return rows
    .map((row) => ({ row, distance: ringDistance(place, ringPlace(row.connectionId)) }))
    .sort((a, b) => a.distance - b.distance);
}

/**
 * The next part of the table, also when something is left here: a part that is never done must not keep the others waiting.
 * After the last part a round is over, and the next one begins where the part that came least far has stopped.
 */
function nextCursor(cursor: SweepCursor, page: string | undefined, reachedNow: number): SweepCursor {
  const reached = Math.min(cursor.reached, reachedNow);
  if (page !== undefined) return { page, place: cursor.place, reached };
  return { page, place: (cursor.place + reached) % ringSize, reached: ringSize };
}

function isSame(one: SweepCursor, other: SweepCursor): boolean {
  return one.page === other.page && one.place === other.place && one.reached === other.reached;
}

type Attempt = (work: () => Promise<keyof SweepCounts | undefined>) => Promise<boolean>;

async function writeCounts(
  { usage }: SweepDependencies,
  window: SweepWindow,
  attempt: Attempt,
): Promise<void> {
  await eachConcurrently(onePage(window.tenantCounts), sweepConcurrency, async ({ tenantId, counts }) => {
    await attempt(async () => {
      await usage.putCounts(tenantId, counts);
      return undefined;
    });
  });
}

/** A connection's row is written first and removed last: what is left without it is left over. */
async function removeStrays(
  deps: SweepDependencies,
  window: SweepWindow,
  deadline: Deadline,
  attempt: Attempt,
): Promise<void> {
  const { subscriptions, members } = window.strays;
  const ids = [...new Set([...subscriptions, ...members].map(({ connectionId }) => connectionId))];
  const absent = new Set<string>();
  for (let start = 0; start < ids.length; start += rowsPerLookup) {
    // In a part of a large table most of them are only somewhere else: what there is no time for has its next turn.
    if (deadline.remainingMs < reserveMs + checkingMs) break;
    const asked = ids.slice(start, start + rowsPerLookup);
    const known = new Set(
      (await deps.connections.getConnections(asked)).map(({ connectionId }) => connectionId),
    );
    for (const id of asked) if (!known.has(id)) absent.add(id);
  }
  const strays = [
    ...subscriptions.map((row) => ({
      ...row,
      remove: () => deps.connections.removeSubscription(row.tenantId, row.channelId, row.connectionId),
    })),
    ...members.map((member) => ({
      ...member,
      remove: () => removeConnection(deps, { ...member, channels: [] }),
    })),
  ].filter(({ connectionId }) => absent.has(connectionId));
  await eachConcurrently(onePage(strays), sweepConcurrency, async ({ remove }) => {
    await attempt(async () => {
      await remove();
      return 'strays';
    });
  });
}
