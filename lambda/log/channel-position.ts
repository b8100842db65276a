/**
 * The position of a channel or of the own inbox, and whether a client can continue from its own position.
 */
import {
  type ChannelState,
  isGranted,
  type Operation,
  type Position,
  reservedChannels,
  type Resume,
} from '../../protocol/index';
import type { Caller } from '../shared/caller';
import { emptyPosition, headOf, type LogDependencies } from './head';
import type { InboxMark } from '../shared/stores/agent-store';
import { always, recover } from './recover';
import { channelSubject, inboxSubject } from '../shared/subjects';

export interface ChannelPosition {
  readonly channelId: string;
  /** Key of the log. */
  readonly subject: string;
  readonly head: Position;
  /** What the client gets. */
  readonly state: ChannelState;
  /** The sequence after which a replay begins; `undefined` when there is none. */
  readonly replayAfter: number | undefined;
  /** The client's position, when looking at what follows it would cost too much: it asks for that itself (SUB-6). */
  readonly unreadAfter?: Position | undefined;
  /** Of the inbox in a `hello`: the mark of messages that no connection took. */
  readonly inboxMark?: InboxMark | undefined;
}

/** PRE-6: `$presence` has no log. */
const notKept = { recovered: false, reason: 'no_log' } as const;

/** Throws what the store throws. */
export async function channelPosition(
  deps: LogDependencies,
  caller: Caller,
  { channelId, since }: Resume,
  mayLook = always,
): Promise<ChannelPosition> {
  const subject = subjectOf(caller, channelId);
  const about = { channelId, subject };
  if (channelId === reservedChannels.presence) {
    const state: ChannelState =
      since === undefined ? { channelId, head: undefined } : { channelId, head: undefined, ...notKept };
    return { ...about, head: emptyPosition(deps.clock.now()), state, replayAfter: undefined };
  }
  if (since !== undefined && mayUse(caller, channelId, 'history')) {
    const { head, recovered, reason, after, isUnread } = await recover(deps, subject, since, mayLook);
    return {
      ...about,
      head,
      state: { channelId, head, recovered, reason },
      replayAfter: recovered && isUnread !== true ? after : undefined,
      unreadAfter: isUnread && since,
    };
  }
  const head = deps.retentionMs === 0 ? emptyPosition(deps.clock.now()) : await headOf(deps, subject);
  const state: ChannelState =
    since === undefined ? { channelId, head } : { channelId, head, recovered: false, reason: 'forbidden' };
  return { ...about, head, state, replayAfter: undefined };
}

/** INB-4: the own inbox needs no grant. PRE-6: `$presence` needs the `presence` grant for every operation. */
export function mayUse(caller: Caller, channelId: string, operation: Operation): boolean {
  if (channelId === reservedChannels.inbox) return true;
  const needed = channelId === reservedChannels.presence ? 'presence' : operation;
  return isGranted(caller.grants, channelId, needed);
}

export function subjectOf({ tenantId, agentId }: Caller, channelId: string): string {
  return channelId === reservedChannels.inbox
    ? inboxSubject(tenantId, agentId)
    : channelSubject(tenantId, channelId);
}
