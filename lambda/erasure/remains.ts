/** What an erasure can't reach, and when that is gone by itself: there is no index to find it by, or it is no place of ours to write to. */
import { wireTime } from '../../protocol/index';

/** Days that the deployment keeps things for. */
export interface KeptDays {
  readonly logs: number;
  readonly auditLog: number;
  readonly failureQueue: number;
  /** Of the tables; 0 = none. */
  readonly backups: number;
}

/** Times, ISO 8601: when the last of it is gone. DynamoDB and CloudWatch Logs may be some days late. */
export interface Remains {
  /** Rows of logs without what was said and by whom; the keys have the ids of channels and inboxes. */
  readonly empty_rows: string;
  /** Rows of the directory: names of the tenant's channels. */
  readonly channel_names: string;
  /** Counters of rates and refusals, rows of connections whose end was cut off; ids only. */
  readonly counters: string;
  /** The row that refuses the tokens; a block stays until it is taken back. */
  readonly revocation: string;
  /**
   * Events that a function failed to handle, with ids and positions, and messages of the publish queue that were not accepted, with
   * content; absent when none is left that is about the agent or the tenant.
   */
  readonly failure_queue?: string;
  /** Log lines of the functions and of the APIs; ids only. */
  readonly logs: string;
  readonly audit_log: string;
  /** Point-in-time recovery of the tables, with content; absent without the setting `protection`. */
  readonly backups?: string;
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;

export function remainsOf({
  now,
  retentionMs,
  maxTokenMs,
  keptDays,
  isQueueClean,
}: {
  readonly now: number;
  readonly retentionMs: number;
  readonly maxTokenMs: number;
  readonly keptDays: KeptDays;
  readonly isQueueClean: boolean;
}): Remains {
  const after = (ms: number): string => wireTime(now + ms);
  return {
    // The mark of a log lives for the longest: the retention after it was raised, and a day.
    empty_rows: after(retentionMs + dayMs),
    channel_names: after(1.25 * retentionMs),
    counters: after(dayMs + 2 * hourMs),
    revocation: after(maxTokenMs),
    ...(!isQueueClean && { failure_queue: after(keptDays.failureQueue * dayMs) }),
    logs: after(keptDays.logs * dayMs),
    audit_log: after(keptDays.auditLog * dayMs),
    ...(keptDays.backups > 0 && { backups: after(keptDays.backups * dayMs) }),
  };
}
