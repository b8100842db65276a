/** Reads: the messages of a channel, and the channels of the tenant (HTTP-6, HTTP-7). */
import {
  type ChannelPage,
  isChannel,
  isGranted,
  limits,
  type ListedChannel,
  messagePageText,
  reservedChannels,
  wireTime,
} from '../../../protocol/index';
import { readHistory } from '../../frames/history';
import type { LogDependencies } from '../../log/head';
import { ReadBudget } from '../../log/read-budget';
import type { Caller } from '../../shared/caller';
import type { ChannelDirectory } from '../../shared/stores/channel-directory';
import { mapStoreCalls } from '../../shared/each-concurrently';
import { channelSubject } from '../../shared/subjects';
import { HttpProblem, refuse } from '../http-problem';
import { positionInCursor, readLimit, readQuery, textInCursor, toCursor } from '../query';
import type { Session } from '../session';

export type ReadDependencies = LogDependencies & { readonly directory: ChannelDirectory };

const channelsPerPage = 25;
/** Channels that one request looks at; the rest is for the next page. */
const maxExamined = 2_000;

/** @throws HttpProblem. Throws what the store throws. */
export async function readMessages(
  deps: ReadDependencies,
  { caller, deadline }: Session,
  channelId: string,
  url: string,
): Promise<string> {
  if (!isChannel(channelId) && channelId !== reservedChannels.inbox)
    throw refuse('not_found', 'No such channel');
  const query = readQuery(url, ['after', 'before', 'limit']);
  const after = positionInCursor('after', query.after);
  const before = positionInCursor('before', query.before);
  if (after !== undefined && before !== undefined)
    throw refuse('invalid_message', 'Give "after" or "before", not both');
  const limit = readLimit(query.limit, limits.historyMessages, limits.historyDefault);
  const asked = { channelId, after, before, limit };
  const outcome = await readHistory(deps, caller, asked, deadline, new ReadBudget());
  if (!outcome.ok) throw new HttpProblem(outcome.error);
  const { head, next, ...page } = outcome.page;
  // The newest messages end at the head; a page forwards ends where the next one begins.
  const last = after === undefined ? head : (next ?? head);
  return messagePageText({
    channelId,
    head,
    ...page,
    next: next && toCursor(next),
    after: before === undefined ? toCursor(last) : undefined,
  });
}

/** @throws HttpProblem. Throws what the stores throw. */
export async function listChannels(
  deps: ReadDependencies,
  { caller }: Session,
  url: string,
): Promise<ChannelPage> {
  const query = readQuery(url, ['after', 'limit']);
  const limit = readLimit(query.limit, channelsPerPage);
  const after = textInCursor('after', query.after, isChannel);
  const { channelIds, next } = await findChannels(deps, caller, after, limit);
  const found = await mapStoreCalls(channelIds, (channelId) => describe(deps, caller, channelId));
  return {
    channels: found.filter((channel) => channel !== undefined),
    ...(next !== undefined && { next: toCursor(next) }),
  };
}

/** Only those that the token may read: names tell things, too. */
async function findChannels(
  { directory }: ReadDependencies,
  { tenantId, grants }: Caller,
  after: string | undefined,
  limit: number,
): Promise<{ readonly channelIds: readonly string[]; readonly next: string | undefined }> {
  const channelIds: string[] = [];
  let examined = 0;
  let last = after;
  for await (const page of directory.channels(tenantId, after, false)) {
    for (const channelId of page) {
      const mayRead = isGranted(grants, channelId, 'history') || isGranted(grants, channelId, 'subscribe');
      if (mayRead && channelIds.length === limit) return { channelIds, next: last };
      if (mayRead) channelIds.push(channelId);
      last = channelId;
    }
    examined += page.length;
    if (examined >= maxExamined) return { channelIds, next: last };
  }
  return { channelIds, next: undefined };
}

/** `undefined` when no message is left: the directory's row lives longer than the log's last one. */
async function describe(
  { history, clock }: ReadDependencies,
  { tenantId }: Caller,
  channelId: string,
): Promise<ListedChannel | undefined> {
  const { row } = await history.head(channelSubject(tenantId, channelId));
  if (row === undefined || row.expiresAt <= clock.now()) return undefined;
  const { epoch, sequence, timestamp } = row;
  return { channel_id: channelId, epoch, sequence, timestamp: wireTime(timestamp) };
}
