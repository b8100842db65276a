/**
 * The sweep: finds what no event told of. Connections that are gone or out of date, rows without their connection, and
 * connections without their rows. What a run has no time for, the next one begins with.
 */
import type { Deadline } from './deadline';
import { eachConcurrently } from './each-concurrently';
import { errorFields } from './error-fields';
import { Pacer } from './pacer';
import { removeConnection } from './remove-connection';
import {
  checkConnection,
  dueFor,
  endConnection,
  type SweepDependencies,
  type SweepOutcome,
} from './sweep-connection';
import type { SweptConnection } from './sweep-store';
import { SweepWindow } from './sweep-window';

/** Calls to the platform: a fiftieth of what an account may make. */
const callsPerSecond = 200;
const atOnce = 50;
/** Kept for what has been begun. */
const reserveMs = 8_000;
/** The most that reading may take of a run. */
const readingMs = 45_000;
/** Connections that are looked up together. */
const lookUp = 100;

export type SweepCounts = Partial<Record<SweepOutcome | 'strays' | 'failed' | 'left', number>>;

export interface SweepSummary extends SweepCounts {
  readonly rows: number;
  /** Whether all rows were read. */
  readonly whole: boolean;
}

/** Throws what the stores throw while it reads; after that, a failure costs the one connection, until the next run. */
export async function sweep(deps: SweepDependencies, deadline: Deadline): Promise<SweepSummary> {
  const counts: SweepCounts = {};
  const count = (what: keyof SweepCounts): void => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  let failure: unknown;
  const attempt = async (work: () => Promise<keyof SweepCounts | undefined>): Promise<void> => {
    if (deadline.remainingMs < reserveMs) {
      count('left');
      return;
    }
    try {
      const outcome = await work();
      if (outcome !== undefined) count(outcome);
    } catch (error) {
      failure ??= error;
      count('failed');
    }
  };

  const from = await deps.sweep.cursor();
  const window = await SweepWindow.read(deps.sweep, from, deadline.within(readingMs));
  await removeStrays(deps, window, attempt);

  const now = deps.clock.now();
  const pacer = new Pacer(deps.clock, callsPerSecond);
  const due = window.connections
    .filter((row) => dueFor(row, now) !== undefined)
    // The time of the check is what a run goes on from.
    .sort((a, b) => a.checkedAt - b.checkedAt);
  const handle = (row: SweptConnection): Promise<void> =>
    attempt(() =>
      dueFor(row, now) === 'end'
        ? endConnection(deps, pacer, row)
        : checkConnection(deps, pacer, row, window.missingOf(row)),
    );
  await eachConcurrently(pagesOf(due), atOnce, handle);

  if (failure !== undefined) deps.log.error('sweep_incomplete', errorFields(failure));
  // A window that is not done is read again: those that were checked are out of the way by then.
  const next = counts.left === undefined ? window.next : from;
  if (next !== from) await deps.sweep.moveCursor(next);
  return { rows: window.rows, whole: window.isWhole, ...counts };
}

type Attempt = (work: () => Promise<keyof SweepCounts | undefined>) => Promise<void>;

/** A connection's row is written first and removed last: what is left without it is left over. */
async function removeStrays(deps: SweepDependencies, window: SweepWindow, attempt: Attempt): Promise<void> {
  const { subscriptions, members } = window.strays;
  const ids = [...new Set([...subscriptions, ...members].map(({ connectionId }) => connectionId))];
  const known = new Set<string>();
  for (let start = 0; start < ids.length; start += lookUp)
    for (const { connectionId } of await deps.connections.getConnections(ids.slice(start, start + lookUp)))
      known.add(connectionId);
  const strays = [
    ...subscriptions.map((row) => ({
      ...row,
      remove: () => deps.connections.removeSubscription(row.tenantId, row.channelId, row.connectionId),
    })),
    ...members.map((member) => ({
      ...member,
      remove: () => removeConnection(deps, { ...member, channels: [] }),
    })),
  ].filter(({ connectionId }) => !known.has(connectionId));
  await eachConcurrently(pagesOf(strays), atOnce, ({ remove }) =>
    attempt(async () => {
      await remove();
      return 'strays';
    }),
  );
}

async function* pagesOf<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield await Promise.resolve(items);
}
