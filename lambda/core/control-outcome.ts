/**
 * What comes of a control frame: an answer and what is posted after it, or an error.
 */
import type { ErrorDetails } from '../../protocol/index';
import type { AcceptDependencies } from './accept';
import type { Deadline } from './deadline';
import type { RetryingSender } from './retrying-sender';

export type ControlDependencies = AcceptDependencies;

/** Posted after the answer: a replay, a page of history. Throws what the stores throw. */
export type Afterwards = (sender: RetryingSender, deadline: Deadline) => Promise<void>;

export type ControlOutcome =
  | {
      readonly ok: true;
      /** Frames of the answer, in order. */
      readonly answer: readonly string[];
      readonly afterwards?: Afterwards | undefined;
    }
  | { readonly ok: false; readonly error: Omit<ErrorDetails, 'messageId'> };

export function refused(code: ErrorDetails['code'], text?: string): ControlOutcome {
  return { ok: false, error: { code, text } };
}
