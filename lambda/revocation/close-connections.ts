/**
 * Ends the connections of a tenant, an agent or a token. Connects that were under way may not have seen the revocation, so
 * the last round is one that finds nobody.
 */
import { type GoAwayCode, goAwayText } from '../../protocol/index';
import { Pacer } from '../agents/pacer';
import { removeConnection, type RemovalDependencies } from '../agents/remove-connection';
import type { ConnectedAgent } from '../shared/stores/agent-store';
import type { Connection } from '../shared/stores/connection-store';
import type { Deadline } from '../shared/deadline';
import { eachConcurrently } from '../shared/each-concurrently';
import { observerId } from '../shared/subjects';
import type { Clock, ConnectionCloser, ConnectionSender, RevocationScope } from '../shared/ports';

export interface CloseDependencies extends RemovalDependencies {
  readonly sender: ConnectionSender & ConnectionCloser;
  readonly clock: Clock;
}

export interface CloseSummary {
  readonly closed: number;
  /** Connections that the platform did not close in time. */
  readonly left: number;
}

/** A twentieth of what an account may call, two calls for each connection: ten thousand connections in 40 s. */
const callsPerSecond = 500;
const concurrency = 50;
const postMs = 1_000;
/** Longer than a connect takes from its look at the revocations to its row. */
const betweenRoundsMs = 3_000;
const rowsPerLookup = 100;
/** Of a connection without a row only its agent is known. */
const noRow = {
  channels: [],
  level: 0,
  echo: true,
  connectedAt: 0,
  expiresAt: 0,
  tokenIssuedAt: undefined,
  tokenId: undefined,
};

/** Throws what the stores throw. */
export async function closeConnections(
  deps: CloseDependencies,
  scope: RevocationScope,
  code: GoAwayCode,
  isMeant: (connection: Connection) => boolean,
  deadline: Deadline,
): Promise<CloseSummary> {
  const pacer = new Pacer(deps.clock, callsPerSecond);
  let closed = 0;
  for (;;) {
    let found = 0;
    let left = 0;
    await eachConcurrently(connectionsOf(deps, scope), concurrency, async (row) => {
      if (!isMeant(row)) return;
      found += 1;
      if (!deadline.hasPassed && (await close(deps, pacer, row, code))) closed += 1;
      else left += 1;
    });
    // Kicked clients may come back at once: a second round would kick them again.
    if (found === 0 || deadline.hasPassed || code === 'kicked') return { closed, left };
    await deps.clock.sleep(betweenRoundsMs);
  }
}

/** Tells whether the connection has ended. */
async function close(
  deps: CloseDependencies,
  pacer: Pacer,
  row: Connection,
  code: GoAwayCode,
): Promise<boolean> {
  const { connectionId, level } = row;
  if (level > 0) {
    await pacer.turn();
    await deps.sender.post(connectionId, goAwayText(code, deps.clock.now()), postMs);
  }
  await pacer.turn();
  if ((await deps.sender.close(connectionId)) === 'unknown') return false;
  await removeConnection(deps, row, row);
  return true;
}

async function* connectionsOf(
  deps: CloseDependencies,
  { tenantId, agentId, tokenId }: RevocationScope,
): AsyncGenerator<readonly Connection[]> {
  for await (const agents of agentsOf(deps, tenantId, agentId)) {
    const members = agents.flatMap((agent) =>
      agent.connectionIds.map((connectionId) => ({ tenantId, agentId: agent.agentId, connectionId })),
    );
    for (let start = 0; start < members.length; start += rowsPerLookup) {
      const asked = members.slice(start, start + rowsPerLookup);
      const rows = await deps.connections.getConnections(asked.map(({ connectionId }) => connectionId));
      const byId = new Map(rows.map((row) => [row.connectionId, row]));
      const found = asked.map((member) => byId.get(member.connectionId) ?? { ...noRow, ...member });
      yield found.filter((row) => tokenId === undefined || row.tokenId === tokenId);
    }
  }
}

async function* agentsOf(
  deps: CloseDependencies,
  tenantId: string,
  agentId: string | undefined,
): AsyncGenerator<readonly ConnectedAgent[]> {
  if (agentId === undefined) yield* deps.agents.connectedAgents(tenantId);
  else {
    // A token of the agent may have been an observer's.
    for (const id of [agentId, observerId(agentId)])
      yield [{ tenantId, agentId: id, connectionIds: await deps.agents.connectionIds(tenantId, id) }];
  }
}
