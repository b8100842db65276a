/**
 * Registers a new connection: its row, then the agent's set, then its subscription. A crash in between leaves rows that
 * say enough to be repaired from.
 */
import { announceArrival, type AnnounceDependencies } from './announce';
import type { Caller } from '../shared/caller';
import { errorFields } from '../shared/error-fields';
import { connectionExpiresAt } from './lifetime';
import { openingGraceMs } from './probe-connection';
import { encodeInboxJob, type InboxJob } from '../shared/inbox-job';
import type { AddResult, AgentStore } from '../shared/stores/agent-store';
import {
  isUsedUp,
  type TenantCounts,
  type TenantQuotas,
  type TenantUsageStore,
} from '../shared/stores/tenant-usage';
import type { Connection, ConnectionStore } from '../shared/stores/connection-store';
import type { Clock, ConnectionSender, RateCounter, RevocationStore } from '../shared/ports';
import { agentOfToken, agentRefusalSubject, isObserver } from '../shared/subjects';
import { removeConnection } from './remove-connection';

export interface ConnectDependencies extends AnnounceDependencies {
  readonly connections: ConnectionStore;
  readonly agents: AgentStore;
  readonly revocations: Pick<RevocationStore, 'isRevoked'>;
  readonly rateCounter: Pick<RateCounter, 'usedUntil'>;
  readonly usage: Pick<TenantUsageStore, 'counts'>;
  readonly quotas: Pick<TenantQuotas, 'connections' | 'agents'>;
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

export type Refusal = 'revoked' | 'flood' | 'too-many' | 'connections-quota' | 'agents-quota';
export type ConnectOutcome = 'connected' | Refusal;

/** Throws what the stores throw. */
export async function connect(deps: ConnectDependencies, caller: Caller): Promise<ConnectOutcome> {
  const { connectionId } = caller;
  const startedAt = deps.clock.monotonic();
  const row = rowOf(caller);
  try {
    const [refusal, counts] = await Promise.all([
      refusalOf(deps, caller),
      countsOf(deps, caller),
      deps.connections.putConnection(row),
    ]);
    const added = refusal ?? (await addToAgent(deps, caller, counts));
    if (typeof added === 'string') {
      await deps.connections.removeConnection(connectionId);
      return added;
    }
    await tellOthers(deps, caller, added, deps.clock.monotonic() - startedAt > announceDeadlineMs);
    return 'connected';
  } catch (error) {
    // The handshake fails, and the platform sends no $disconnect for it: clean up now, as far as it goes.
    await removeConnection(deps, row).catch(() => undefined);
    throw error;
  }
}

function rowOf(caller: Caller): Connection {
  const { connectionId, connectedAt, tenantId, agentId, channelId, level, echo, tokenIssuedAt, tokenId } =
    caller;
  return {
    ...{ connectionId, tenantId, agentId, level, echo, connectedAt, tokenIssuedAt, tokenId },
    channels: channelId === undefined ? [] : [channelId],
    expiresAt: connectionExpiresAt(caller),
  };
}

/** Who publishes to its channel, who watches presence, and who pushes its inbox. */
async function tellOthers(
  deps: ConnectDependencies,
  caller: Caller,
  { inboxMark: mark, arrival }: AddResult,
  isSlow: boolean,
): Promise<void> {
  const { connectionId, tenantId, agentId, channelId, level, echo } = caller;
  const expiresAt = connectionExpiresAt(caller);
  const subscription = { connectionId, agentId, level, echo, expiresAt };
  if (arrival && isSlow)
    deps.log.error('presence_not_announced', { tenant_id: tenantId, agent_id: agentId, error: 'late' });
  const at = deps.clock.now();
  await Promise.all([
    channelId !== undefined && deps.connections.putSubscription(tenantId, channelId, subscription),
    arrival && !isSlow && announceArrival(deps, tenantId, arrival),
    // At level 1 the client says hello, and gets its inbox after the answer.
    // INB-3
    mark !== undefined &&
      level === 0 &&
      startPush(deps, { tenantId, agentId, connectionId, expiresAt, inboxMark: mark, at }),
  ]);
}

async function refusalOf(
  { revocations, rateCounter, clock, log }: ConnectDependencies,
  { tenantId, agentId, tokenId, tokenIssuedAt }: Caller,
): Promise<'revoked' | 'flood' | undefined> {
  const [isRevoked, refusedUntil] = await Promise.all([
    revocations.isRevoked({ tenantId, agentId: agentOfToken(agentId), tokenId, tokenIssuedAt }), // TOK-8
    rateCounter.usedUntil(agentRefusalSubject(tenantId, agentId)).catch((error: unknown) => {
      // As with frames: a counter that is down refuses nobody.
      log.error('rate_not_counted', errorFields(error));
      return 0;
    }),
  ]);
  if (isRevoked) return 'revoked';
  return refusedUntil > clock.now() ? 'flood' : undefined; // RAT-6
}

/** As the sweep counted them. Nothing is read where there is no quota; counts that can't be read refuse nobody. */
async function countsOf(
  { usage, quotas, log }: ConnectDependencies,
  { tenantId }: Caller,
): Promise<Pick<TenantCounts, 'connections' | 'agents'>> {
  const none = { connections: 0, agents: 0 };
  if (quotas.connections === 0 && quotas.agents === 0) return none;
  try {
    return await usage.counts(tenantId);
  } catch (error) {
    log.error('quota_not_read', { tenant_id: tenantId, ...errorFields(error) });
    return none;
  }
}

async function addToAgent(
  deps: ConnectDependencies,
  { tenantId, agentId, connectionId }: Caller,
  counts: Pick<TenantCounts, 'connections' | 'agents'>,
): Promise<AddResult | Refusal> {
  const { quotas, connectionLimit } = deps;
  // CON-17
  if (isUsedUp(counts.connections, quotas.connections)) return 'connections-quota';
  const mayBeNew = isObserver(agentId) || !isUsedUp(counts.agents, quotas.agents);
  const add = () => deps.agents.addConnection(tenantId, agentId, connectionId, connectionLimit, mayBeNew);
  // CON-9
  let added = await add();
  if (added.outcome === 'full') {
    const others = await dropExpired(deps, tenantId, agentId);
    added = await add();
    if (added.outcome === 'full') {
      await dropGone(deps, others);
      added = await add();
    }
  }
  if (added.outcome === 'unknown') return 'agents-quota';
  return added.outcome === 'full' ? 'too-many' : added;
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
