/** One request: who sends it, and the facts of the platform about it. */
import type { Caller } from '../shared/caller';
import type { Deadline } from '../shared/deadline';

export interface RequestFacts {
  /** Of the platform. */
  readonly requestId: string;
  /** When it reached the platform, epoch milliseconds. */
  readonly sentAt: number;
  readonly deadline: Deadline;
}

export interface Session extends RequestFacts {
  readonly caller: Caller;
}
