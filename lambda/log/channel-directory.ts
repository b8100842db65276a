/**
 * Keeps a channel in the directory while its log has messages, without a cost per publish: the first publish of a log, and
 * the first one in each quarter of the retention, write the row. They know it from the timestamp of the row before theirs.
 */
import { crc32 } from 'node:zlib';
import type { ChannelDirectory } from '../shared/stores/channel-directory';
import { errorFields } from '../shared/error-fields';
import type { Logger } from '../shared/ports';
import type { FreeSlot } from './log-tail';

export interface ListDependencies {
  readonly directory: ChannelDirectory;
  readonly log: Logger;
  readonly retentionMs: number;
}

const quarters = 4;

/** Before the put, so that a crash leaves no log without its row. Never throws: the next quarter's first publish tries again. */
export async function listChannel(
  { directory, log, retentionMs }: ListDependencies,
  tenantId: string,
  channelId: string,
  { timestamp, previousTimestamp }: FreeSlot,
): Promise<void> {
  const expiresAt = directoryExpiry(channelId, retentionMs, timestamp, previousTimestamp);
  if (expiresAt === undefined) return;
  try {
    await directory.put(tenantId, channelId, expiresAt);
  } catch (error) {
    log.error('channel_not_listed', { tenant_id: tenantId, ...errorFields(error) });
  }
}

/**
 * Until when the row has to be kept: every message of the quarter has expired by then. `undefined` when the row before is of the
 * same quarter: the publish of that one, or of one before it, has written the directory. Epoch milliseconds.
 */
export function directoryExpiry(
  channelId: string,
  retentionMs: number,
  timestamp: number,
  previousTimestamp: number | undefined,
): number | undefined {
  const quarterMs = retentionMs / quarters;
  // Otherwise all channels of a deployment would write at the same moment.
  const offset = crc32(channelId) % quarterMs;
  const quarterOf = (time: number): number => Math.floor((time + offset) / quarterMs);
  const quarter = quarterOf(timestamp);
  if (previousTimestamp !== undefined && quarterOf(previousTimestamp) >= quarter) return undefined;
  return (quarter + 1) * quarterMs - offset + retentionMs;
}
