/**
 * Sends a presence event to the subscribers of `$presence` in the tenant (PRE-7). The event is not stored.
 */
import { messageText, presenceEvent, reservedChannels } from '../../protocol/index';
import type { Deadline } from '../shared/deadline';
import { fanOut, type FanOutCounts, type FanOutDependencies } from './fan-out';
import type { NewId } from '../shared/ports';
import type { PresenceJob } from '../agents/presence-job';
import { RetryingSender } from './retrying-sender';

export interface PresenceEventDependencies extends FanOutDependencies {
  readonly newId: NewId;
}

/** Counts per outcome; `undefined` when the agent has come back within the grace period (PRE-9). Throws what the stores throw. */
export async function sendPresenceEvent(
  deps: PresenceEventDependencies,
  order: PresenceJob,
  deadline: Deadline,
): Promise<FanOutCounts | undefined> {
  const { tenantId, presence, sendAt: tellAt } = order;
  if (tellAt !== undefined) {
    await deps.clock.sleep(Math.max(0, tellAt - deps.clock.now()));
    // After this write, the return of the agent is announced too.
    if (!(await deps.agents.markAnnounced(tenantId, presence.agentId, presence.version))) return undefined;
  }
  const text = messageText(presenceEvent(deps.newId(), tenantId, presence, order.reason));
  const outgoing = {
    // The same at both levels: an event has no position.
    textFor: () => text,
    acknowledged: Promise.resolve(),
    echo: undefined,
  };
  const channelId = reservedChannels.presence;
  const target = { tenantId, channelId, senderConnectionId: '' };
  const watchers = deps.connections.subscribers(tenantId, channelId, true);
  const sender = new RetryingSender(deps.sender, deps.clock, deadline);
  return (await fanOut(deps, sender, target, [outgoing], watchers, deadline)).counts;
}
