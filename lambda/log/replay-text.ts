/**
 * A row of a log as the caller reads it: a message of its level, marked as replayed at level 1.
 */
import { levelOneText, messageText, reservedChannels } from '../../protocol/index';
import type { Caller } from '../shared/caller';
import type { StoredRow } from '../shared/stores/history-store';
import { isExpiredRequest, messageOfRow } from './stored-message';

/** `undefined` for a row that is damaged, and for a request that has expired. */
export function replayText(
  row: StoredRow,
  caller: Caller,
  channelId: string,
  now: number,
): string | undefined {
  const { body } = row;
  if (body === undefined || isExpiredRequest(row, now)) return undefined;
  const isDirect = channelId === reservedChannels.inbox;
  const message = messageOfRow(
    { ...row, body },
    caller.tenantId,
    isDirect ? undefined : channelId,
    isDirect ? caller.agentId : undefined,
  );
  if (message === undefined) return undefined;
  return caller.level === 0 ? messageText(message) : levelOneText(message, row, true);
}
