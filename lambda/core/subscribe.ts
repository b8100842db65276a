/**
 * Subscribes a connection to channels and back. Write order: the channels into the connection's row, then the
 * subscription rows, and the other way round; so the connection's row always names every subscription there is.
 */
import { limits } from '../../protocol/index';
import type { Caller } from './caller';
import { lifetimeMs } from './connect';
import type { ConnectionStore } from './ports';

/** `unknown`: the connection has no row, so it counts as gone; a new connection has to take its place. */
export type SubscribeOutcome = 'subscribed' | 'full' | 'unknown';

/** Idempotent. Whoever reads the subscribers after it has returned finds the connection among them. Throws what the store throws. */
export async function subscribe(
  connections: ConnectionStore,
  caller: Caller,
  channelIds: readonly string[],
): Promise<SubscribeOutcome> {
  if (channelIds.length === 0) return 'subscribed';
  const { connectionId, tenantId, agentId, level, echo } = caller;
  const outcome = await connections.addChannels(connectionId, channelIds, limits.channels);
  if (outcome !== 'added') return outcome;
  const expiresAt = Math.min(caller.tokenExpiresAt, caller.connectedAt + lifetimeMs);
  await Promise.all(
    channelIds.map((channelId) =>
      connections.putSubscription(tenantId, channelId, { connectionId, agentId, level, echo, expiresAt }),
    ),
  );
  return 'subscribed';
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
