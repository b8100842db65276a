/**
 * Registers a new connection: its row, then the agent's set, then its subscription. A crash in between leaves rows that
 * say enough to be repaired from.
 */
import { announceArrival, type AnnounceDependencies } from './announce';
import type { Caller } from '../shared/caller';
import { errorFields } from '../shared/error-fields';
import { connectionExpiresAt } from './lifetime';
import { openingGraceMs } from './probe-connection';
import { agentOfToken } from '../shared/subjects';
import { encodeInboxJob, type InboxJob } from '../shared/inbox-job';
import type { AddResult, AgentStore } from '../shared/agent-store';
import type { Connection, ConnectionStore } from '../shared/connection-store';
import type { Clock, ConnectionSender, RevocationStore } from '../shared/ports';
import { removeConnection } from './remove-connection';

export interface ConnectDependencies extends AnnounceDependencies {
  readonly connections: ConnectionStore;
  readonly agents: AgentStore;
  readonly revocations: Pick<RevocationStore, 'isRevoked'>;
  readonly sender: Pick<ConnectionSender, 'status'>;
  /** The function that pushes an inbox. */
  readonly inboxFunction: string;
  readonly clock: Clock;
  /** Most live connections of one agent. */
  readonly connectionLimit: number;
}

/** Questions to the platform for one handshake at the limit, which anybody with a token can repeat. */
const maxProbes = 5;
/** The handshake does not wait longer for those who watch: they can ask. */
const announceDeadlineMs = 1_500;

export type ConnectOutcome = 'connected' | 'revoked' | 'too-many';

/** Throws what the stores throw. */
export async function connect(deps: ConnectDependencies, caller: Caller): Promise<ConnectOutcome> {
  const { connectionId, connectedAt, tenantId, agentId, channelId, level, echo } = caller;
  const channels = channelId === undefined ? [] : [channelId];
  const expiresAt = connectionExpiresAt(caller);
  const startedAt = deps.clock.monotonic();
  const identity = { connectionId, tenantId, agentId, channels };
  try {
    const { tokenIssuedAt, tokenId } = caller;
    const [isRevoked] = await Promise.all([
      deps.revocations.isRevoked({ tenantId, agentId: agentOfToken(agentId), tokenId, tokenIssuedAt }), // TOK-8
      deps.connections.putConnection({
        ...identity,
        level,
        echo,
        connectedAt,
        expiresAt,
        tokenIssuedAt,
        tokenId,
      }),
    ]);
    if (isRevoked) {
      await deps.connections.removeConnection(connectionId);
      return 'revoked';
    }
    const { outcome, inboxMark: mark, arrival } = await addToAgent(deps, caller);
    if (outcome === 'full') {
      await deps.connections.removeConnection(connectionId);
      return 'too-many';
    }
    const subscription = { connectionId, agentId, level, echo, expiresAt };
    const isSlow = deps.clock.monotonic() - startedAt > announceDeadlineMs;
    if (arrival && isSlow)
      deps.log.error('presence_not_announced', { tenant_id: tenantId, agent_id: agentId, error: 'late' });
    await Promise.all([
      channelId !== undefined && deps.connections.putSubscription(tenantId, channelId, subscription),
      arrival && !isSlow && announceArrival(deps, tenantId, arrival),
      // At level 1 the client says hello, and gets its inbox after the answer.
      // INB-3
      mark !== undefined &&
        level === 0 &&
        startPush(deps, {
          tenantId,
          agentId,
          connectionId,
          expiresAt,
          inboxMark: mark,
          at: deps.clock.now(),
        }),
    ]);
    return 'connected';
  } catch (error) {
    // The handshake fails, and the platform sends no $disconnect for it: clean up now, as far as it goes.
    await removeConnection(deps, identity).catch(() => undefined);
    throw error;
  }
}

async function addToAgent(deps: ConnectDependencies, caller: Caller): Promise<AddResult> {
  const { tenantId, agentId, connectionId } = caller;
  const add = () => deps.agents.addConnection(tenantId, agentId, connectionId, deps.connectionLimit);
  // CON-9
  const first = await add();
  if (first.outcome !== 'full') return first;
  const others = await dropExpired(deps, tenantId, agentId);
  const second = await add();
  if (second.outcome !== 'full') return second;
  await dropGone(deps, others);
  return add();
}

/** A push that can't be started does not cost the connection: the mark stays, and the next one gets what was missed. */
async function startPush(deps: ConnectDependencies, order: InboxJob): Promise<void> {
  try {
    await deps.invoker.start(deps.inboxFunction, encodeInboxJob(order));
  } catch (error) {
    deps.log.error('inbox_push_not_started', { connection_id: order.connectionId, ...errorFields(error) });
  }
}

/** Members whose `$disconnect` got lost must not lock their agent out. Gives those that only the platform can tell about. */
async function dropExpired(
  deps: ConnectDependencies,
  tenantId: string,
  agentId: string,
): Promise<Connection[]> {
  const ids = await deps.agents.connectionIds(tenantId, agentId);
  const rows = new Map((await deps.connections.getConnections(ids)).map((row) => [row.connectionId, row]));
  const isAlive = (row: Connection | undefined): row is Connection =>
    row !== undefined && row.expiresAt > deps.clock.now();
  const drop = (connectionId: string) =>
    removeConnection(deps, { connectionId, tenantId, agentId, channels: [] }, rows.get(connectionId));
  await Promise.all(ids.filter((id) => !isAlive(rows.get(id))).map(drop));
  return [...rows.values()].filter(isAlive);
}

/**
 * Asks the platform about a few connections, drawn at random. Repeated handshakes find every closed one, and no handshake costs a
 * call for each connection. Young connections are left out: the platform doesn't know them before they are open.
 */
async function dropGone(deps: ConnectDependencies, connections: readonly Connection[]): Promise<void> {
  const now = deps.clock.now();
  const open = connections.filter((row) => now - row.connectedAt >= openingGraceMs);
  await Promise.all(
    someOf(open, maxProbes, deps.clock).map(async (row) => {
      if ((await deps.sender.status(row.connectionId)) === 'gone') await removeConnection(deps, row, row);
    }),
  );
}

function someOf<T>(items: readonly T[], count: number, clock: Pick<Clock, 'random'>): T[] {
  const left = [...items];
  const drawn: T[] = [];
  while (drawn.length < count && left.length > 0)
    drawn.push(...left.splice(Math.floor(clock.random() * left.length), 1));
  return drawn;
}
