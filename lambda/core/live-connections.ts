/**
 * The connections of an agent that can receive right now.
 */
import type { AgentStore, Clock, Connection, ConnectionStore } from './ports';

/** Strongly consistent: whoever had connected before the call is among them. Expired and half-removed ones are not. */
export async function liveConnections(
  deps: { readonly connections: ConnectionStore; readonly agents: AgentStore; readonly clock: Clock },
  tenantId: string,
  agentId: string,
): Promise<Connection[]> {
  const ids = await deps.agents.connectionIds(tenantId, agentId);
  if (ids.length === 0) return [];
  const rows = await deps.connections.getConnections(ids);
  // The set is trusted with ids only: a row of another tenant or agent under the same id is never followed.
  return rows.filter(
    (row) => row.tenantId === tenantId && row.agentId === agentId && row.expiresAt > deps.clock.now(),
  );
}
