/**
 * Takes a connection out of every table, in the order that a crash can't hurt: subscriptions, the agent's set, and the
 * connection's own row last, so that what is half removed can still be found and finished.
 */
import type { AgentStore, Connection, ConnectionStore } from './ports';

/** What is known of the connection without its row. */
export interface ConnectionIdentity {
  readonly connectionId: string;
  readonly tenantId: string;
  readonly agentId: string;
  /** Channels known from elsewhere, such as the authorizer's context; those of the row are added. */
  readonly channels: readonly string[];
}

export interface RemovalStores {
  readonly connections: ConnectionStore;
  readonly agents: AgentStore;
}

/** Idempotent; may run at the same time for the same connection. Tells whether it was the agent's and is not any more. */
export async function removeConnection(
  stores: RemovalStores,
  identity: ConnectionIdentity,
  row?: Connection,
): Promise<boolean> {
  const { connectionId, tenantId, agentId } = identity;
  const known = row ?? (await stores.connections.getConnections([connectionId]))[0];
  const channels = new Set([...identity.channels, ...(known?.channels ?? [])]);
  await Promise.all(
    [...channels].map((channelId) =>
      stores.connections.removeSubscription(tenantId, channelId, connectionId),
    ),
  );
  const changed = await stores.agents.removeConnection(tenantId, agentId, connectionId);
  await stores.connections.removeConnection(connectionId);
  return changed;
}
