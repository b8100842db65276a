/**
 * What to do when the platform answers 410. It says so of connections that are still opening too, and it has been seen
 * to be wrong; so a young connection is never removed, and an old one only after a second, different question.
 */
import type { Deadline } from './deadline';
import type { AgentStore, Clock, Connection, ConnectionSender, ConnectionStore } from './ports';
import { type ConnectionIdentity, removeConnection } from './remove-connection';

/** Nothing can be posted to a connection before its `$connect` is through, which takes seconds at most. */
export const youngMs = 10_000;
const retryPauseMs = 500;

export interface GoneDependencies {
  readonly connections: ConnectionStore;
  readonly agents: AgentStore;
  readonly sender: ConnectionSender;
  readonly clock: Clock;
}

export type GoneOutcome = 'delivered' | 'still-opening' | 'removed' | 'kept';

/** Called once for each connection that answered 410. `post` is tried again once for a connection that is just opening. */
export async function handleGone(
  deps: GoneDependencies,
  identity: ConnectionIdentity,
  deadline: Deadline,
  post: () => Promise<'delivered' | 'not-delivered'>,
): Promise<GoneOutcome> {
  const { connectionId } = identity;
  const row: Connection | undefined = (await deps.connections.getConnections([connectionId]))[0];
  if (row !== undefined && deps.clock.now() - row.connectedAt < youngMs) {
    if (deadline.remainingMs <= retryPauseMs) return 'still-opening';
    await deps.clock.sleep(retryPauseMs);
    return (await post()) === 'delivered' ? 'delivered' : 'still-opening';
  }
  // Without a row the connection has been removed already, or half of it has: its row goes last.
  if (row !== undefined && (await deps.sender.status(connectionId)) !== 'gone') return 'kept';
  await removeConnection(deps, identity, row);
  return 'removed';
}
