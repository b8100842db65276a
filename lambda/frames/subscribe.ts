/**
 * Subscribes a connection to channels and back. Write order: the channels into the connection's row, then the
 * subscription rows, and the other way round; so the connection's row always names every subscription there is.
 */
import { limits } from '../../protocol/index';
import type { Caller } from '../shared/caller';
import { connectionExpiresAt } from '../agents/lifetime';
import { mapStoreCalls } from '../shared/each-concurrently';
import type { ChannelsOutcome, ConnectionStore } from '../shared/stores/connection-store';

/**
 * Idempotent. A publisher that reads the subscribers after it has returned finds the connection among them. Without
 * channels it only finds out which ones the connection has. With `isComplete` every channel that the connection has is subscribed
 * afterwards, also one whose `subscribe` broke off. Throws what the store throws.
 */
export async function subscribe(
  connections: ConnectionStore,
  caller: Caller,
  channelIds: readonly string[],
  isComplete = false,
): Promise<ChannelsOutcome> {
  const { connectionId, tenantId, agentId, level, echo } = caller;
  const added = await connections.addChannels(connectionId, channelIds, limits.channels);
  if (added.outcome !== 'added') return added;
  const expiresAt = connectionExpiresAt(caller);
  const isNew = new Set(added.added);
  // The row may name a channel whose subscription was never written; what `$connect` wrote is there, as the handshake went through.
  const named = isComplete ? added.channels.filter((channelId) => channelId !== caller.channelId) : [];
  const others = [...new Set([...channelIds, ...named])].filter((channelId) => !isNew.has(channelId));
  // A read costs a fifth of a write, and almost always finds that all is there.
  const missing =
    others.length === 0 ? [] : await connections.missingSubscriptions(tenantId, others, connectionId);
  await mapStoreCalls([...isNew, ...missing], (channelId) =>
    connections.putSubscription(tenantId, channelId, { connectionId, agentId, level, echo, expiresAt }),
  );
  return added;
}

/** Idempotent. A fan-out that has read the subscribers before may still reach the connection. Throws what the store throws. */
export async function unsubscribe(
  connections: ConnectionStore,
  caller: Caller,
  channelId: string,
): Promise<void> {
  await connections.removeSubscription(caller.tenantId, channelId, caller.connectionId);
  await connections.removeChannel(caller.connectionId, channelId);
}
