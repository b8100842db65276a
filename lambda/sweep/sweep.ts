/**
 * The sweep: finds what no event told of. Connections that are gone or out of date, rows without their connection, and
 * connections without their rows. What a run has no time for, the next one begins with.
 */
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
import type { SweptConnection } from './sweep-store';
import { SweepWindow } from './sweep-window';

/** Calls to the platform: a fiftieth of what an account may make. */
const callsPerSecond = 200;
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
  await removeStrays(deps, window, deadline, attempt);

  const now = deps.clock.now();
  const pacer = new Pacer(deps.clock, callsPerSecond);
  const rank = (row: SweptConnection): number => (sweepActionFor(row, now) === 'end' ? 0 : 1);
  const due = window.connections
    .filter((row) => sweepActionFor(row, now) !== undefined)
    // What is due to end first. Among the others, the time of the check is what a run goes on from.
    .sort((a, b) => rank(a) - rank(b) || a.checkedAt - b.checkedAt);
  const handle = (row: SweptConnection): Promise<void> =>
    attempt(() =>
      sweepActionFor(row, now) === 'end'
        ? endConnection(deps, pacer, row)
        : checkConnection(deps, pacer, row, window.missingOf(row)),
    );
  await eachConcurrently(onePage(due), sweepConcurrency, handle);

  if (failure !== undefined) deps.log.error('sweep_incomplete', errorFields(failure));
  // Also when something is left here: a part that is never done must not keep the rest of the table waiting.
  if (window.next !== from) await deps.sweep.moveCursor(window.next);
  return { rows: window.rows, whole: window.isComplete, ...counts };
}

type Attempt = (work: () => Promise<keyof SweepCounts | undefined>) => Promise<void>;

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
  await eachConcurrently(onePage(strays), sweepConcurrency, ({ remove }) =>
    attempt(async () => {
      await remove();
      return 'strays';
    }),
  );
}
