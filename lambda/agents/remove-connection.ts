/**
 * Takes a connection out of every table, in the order that a crash can't hurt: subscriptions, the agent's set, and the
 * connection's own row last, so that what is half removed can still be found and finished.
 */
import { announceDeparture, type AnnounceDependencies } from './announce';
import { mapStoreCalls } from '../shared/each-concurrently';
import type { AgentStore } from '../shared/stores/agent-store';
import type { Connection, ConnectionStore } from '../shared/stores/connection-store';

/** What is known of the connection without its row. */
export interface ConnectionIdentity {
  readonly connectionId: string;
  readonly tenantId: string;
  readonly agentId: string;
  /** Channels known from elsewhere, such as the authorizer's context; those of the row are added. */
  readonly channels: readonly string[];
}

export interface RemovalDependencies extends AnnounceDependencies {
  readonly connections: ConnectionStore;
  readonly agents: AgentStore;
}

/** Idempotent, also when it runs twice at the same time. Returns whether this call removed it from the agent's set. */
export async function removeConnection(
  deps: RemovalDependencies,
  identity: ConnectionIdentity,
  row?: Connection,
): Promise<boolean> {
  const { connectionId, tenantId, agentId } = identity;
  const known = row ?? (await deps.connections.getConnections([connectionId]))[0];
  const channels = new Set([...identity.channels, ...(known?.channels ?? [])]);
  await mapStoreCalls([...channels], (channelId) =>
    deps.connections.removeSubscription(tenantId, channelId, connectionId),
  );
  const { changed, departure } = await deps.agents.removeConnection(tenantId, agentId, connectionId);
  await Promise.all([
    deps.connections.removeConnection(connectionId),
    departure && announceDeparture(deps, tenantId, departure),
  ]);
  return changed;
}
