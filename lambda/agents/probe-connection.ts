/**
 * Checks a connection that answered 410 or not at all (END-3). API Gateway answers 410 for a connection that is still opening
 * too, and sometimes wrongly. So a young connection is never removed, and an older one only after a second, different call.
 */
import type { ConnectionStore } from '../shared/stores/connection-store';
import type { Clock, ConnectionSender } from '../shared/ports';
import { type ConnectionIdentity, removeConnection, type RemovalDependencies } from './remove-connection';

/** Nothing can be posted to a connection before its `$connect` is through, which takes seconds at most. */
export const openingGraceMs = 10_000;

export interface GoneDependencies extends RemovalDependencies {
  readonly connections: ConnectionStore;
  readonly sender: Pick<ConnectionSender, 'status'>;
  readonly clock: Clock;
}

/**
 * Finds out, and removes the connection from every table if it is gone. `opening`: a post may succeed in a moment;
 * `open`: a post may succeed now.
 */
export async function probeConnection(
  deps: GoneDependencies,
  identity: ConnectionIdentity,
): Promise<'opening' | 'open' | 'removed'> {
  const row = (await deps.connections.getConnections([identity.connectionId]))[0];
  if (row !== undefined && deps.clock.now() - row.connectedAt < openingGraceMs) return 'opening';
  // Without a row the connection has been removed already, or half of it has: its row goes last.
  if (row !== undefined && (await deps.sender.status(identity.connectionId)) !== 'gone') return 'open';
  await removeConnection(deps, identity, row);
  return 'removed';
}
