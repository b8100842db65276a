/**
 * The connections of an agent that can receive right now.
 */
import type { AgentStore, AgentView } from '../shared/stores/agent-store';
import type { Connection, ConnectionStore } from '../shared/stores/connection-store';
import type { Clock } from '../shared/ports';

export interface LiveDependencies {
  readonly connections: ConnectionStore;
  readonly agents: AgentStore;
  readonly clock: Clock;
}

export interface AgentWithConnections {
  readonly view: AgentView;
  readonly live: readonly Connection[];
}

/** Strongly consistent: includes every connection that was made before the call. Leaves out expired and half-removed ones. */
export async function liveConnections(
  deps: LiveDependencies,
  tenantId: string,
  agentId: string,
): Promise<readonly Connection[]> {
  return (await agentWithConnections(deps, tenantId, agentId)).live;
}

/** The same with the agent's item that they were found by. */
export async function agentWithConnections(
  deps: LiveDependencies,
  tenantId: string,
  agentId: string,
): Promise<AgentWithConnections> {
  const view = await deps.agents.getAgent(tenantId, agentId);
  if (view.connectionIds.length === 0) return { view, live: [] };
  const rows = await deps.connections.getConnections(view.connectionIds);
  // The set is trusted with ids only: a row of another tenant or agent under the same id is never followed.
  const live = rows.filter(
    (row) => row.tenantId === tenantId && row.agentId === agentId && row.expiresAt > deps.clock.now(),
  );
  return { view, live };
}
