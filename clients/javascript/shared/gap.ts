/**
 * Messages that do not come.
 */
import type { Position } from './cursor';

/** The reason of a gap that is no loss: the asker has given up, so that nobody is to get its request. */
export const requestExpired = 'request_expired';

/** Messages that this client will not see, and what is known about them. */
export interface Gap {
  readonly channelId: string;
  /**
   * `expired`, `damaged`, `epoch_changed`, `ahead`, `no_log`: the log does not have them (any more);
   * `erased`: the operator has erased them;
   * `forbidden`: the token does not allow reading the log;
   * `position_lost`: the cursor could not read where this client stood, so it begins with what is new.
   */
  readonly reason: string;
  /** Sequences, both ends included, when they are known. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** The last position that was seen before the gap. */
  readonly after: Position | undefined;
  /** Where the channel stood when the gap was found. */
  readonly head: Position | undefined;
}
