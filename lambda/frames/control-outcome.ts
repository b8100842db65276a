/**
 * The outcome of a control frame: an answer and what is posted after it, or an error.
 */
import { type ErrorDetails, type GoAwayCode, limits } from '../../protocol/index';
import type { AnnounceDependencies } from '../agents/announce';
import type { InboxDependencies } from '../inbox/hello-inbox';
import type { ConnectionStore } from '../shared/stores/connection-store';
import type { ReadBudget } from '../log/read-budget';
import type { Deadline } from '../shared/deadline';
import type { RetryingSender } from '../delivery/retrying-sender';
import type { WorkBudget } from '../shared/work-budget';

export type ControlDependencies = AnnounceDependencies &
  InboxDependencies & { readonly connections: ConnectionStore };

/** What the frames of one text message share. */
export interface TextBudgets {
  readonly work: WorkBudget;
  readonly reading: ReadBudget;
}

/** Posted after the answer: a replay, a page of history. Throws what the stores throw. */
export type AfterReply = (sender: RetryingSender, deadline: Deadline) => Promise<void>;

export type ControlOutcome =
  | {
      readonly ok: true;
      /** Frames of the answer, in order. */
      readonly answer: readonly string[];
      readonly afterReply?: AfterReply | undefined;
    }
  | {
      readonly ok: false;
      readonly error: Omit<ErrorDetails, 'messageId'>;
      /** What follows the error at level 1. */
      readonly goAway?: GoAwayCode | undefined;
    };

export function refused(code: ErrorDetails['code'], text?: string): Extract<ControlOutcome, { ok: false }> {
  return { ok: false, error: { code, text } };
}

/** Why channels could not be added. `unknown`: the connection has no row, so it counts as gone and gets nothing. */
export function notSubscribed(outcome: 'full' | 'unknown'): ControlOutcome {
  if (outcome === 'unknown') return stateLost();
  return refused('limit_exceeded', `A connection holds at most ${limits.channels} channels`);
}

/** PIN-3: the connection was removed by mistake. The client has to open a new one. */
export function stateLost(): ControlOutcome {
  const text = 'The service no longer knows this connection; open a new one';
  return { ok: false, error: { code: 'unavailable', text, retryAfterMs: 500 }, goAway: 'state_lost' };
}
