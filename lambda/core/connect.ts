/**
 * Registers a new connection: its row, then the agent's set, then its subscription. A crash in between leaves rows that
 * say enough to be repaired from.
 */
import type { Caller } from './caller';
import type { AgentStore, Clock, Connection, ConnectionSender, ConnectionStore } from './ports';
import { removeConnection } from './remove-connection';

export interface ConnectDependencies {
  readonly connections: ConnectionStore;
  readonly agents: AgentStore;
  readonly sender: Pick<ConnectionSender, 'status'>;
  readonly clock: Clock;
  /** Most live connections of one agent. */
  readonly connectionLimit: number;
}

/** The platform cuts every connection after two hours. */
export const lifetimeMs = 2 * 3_600_000;
/** Its timer and our clocks may differ a little. */
const lifetimeMarginMs = 60_000;

/** `connectedAt` in epoch milliseconds, as the platform says. Throws what the stores throw. */
export async function connect(
  deps: ConnectDependencies,
  caller: Caller,
  connectedAt: number,
): Promise<'connected' | 'too-many'> {
  const { connectionId, tenantId, agentId, channelId, level, echo } = caller;
  const channels = channelId === undefined ? [] : [channelId];
  const expiresAt = Math.min(caller.tokenExpiresAt, connectedAt + lifetimeMs + lifetimeMarginMs);
  const identity = { connectionId, tenantId, agentId, channels };
  try {
    await deps.connections.putConnection({ ...identity, level, connectedAt, expiresAt });
    if (!(await join(deps, caller))) {
      await deps.connections.removeConnection(connectionId);
      return 'too-many';
    }
    if (channelId !== undefined) {
      await deps.connections.putSubscription(tenantId, channelId, {
        connectionId,
        agentId,
        level,
        echo,
        expiresAt,
      });
    }
    return 'connected';
  } catch (error) {
    // The handshake fails, and the platform sends no $disconnect for it: clean up now, as far as it goes.
    await removeConnection(deps, identity).catch(() => undefined);
    throw error;
  }
}

async function join(deps: ConnectDependencies, caller: Caller): Promise<boolean> {
  const { tenantId, agentId, connectionId } = caller;
  const add = () => deps.agents.addConnection(tenantId, agentId, connectionId, deps.connectionLimit);
  if ((await add()) !== 'full') return true;
  await dropDeadConnections(deps, tenantId, agentId);
  return (await add()) !== 'full';
}

/** Members whose `$disconnect` got lost must not lock their agent out. */
async function dropDeadConnections(
  deps: ConnectDependencies,
  tenantId: string,
  agentId: string,
): Promise<void> {
  const ids = await deps.agents.connectionIds(tenantId, agentId);
  const rows = new Map((await deps.connections.getConnections(ids)).map((row) => [row.connectionId, row]));
  const drop = async (connectionId: string): Promise<void> => {
    const row: Connection | undefined = rows.get(connectionId);
    const isDead =
      row === undefined ||
      row.expiresAt <= deps.clock.now() ||
      (await deps.sender.status(connectionId)) === 'gone';
    if (isDead) await removeConnection(deps, { connectionId, tenantId, agentId, channels: [] }, row);
  };
  await Promise.all(ids.map(drop));
}
