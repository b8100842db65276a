/** Agents in memory, with the same duties as the DynamoDB store. For tests and simulations. */
import { offline, online, type OwnPresence, type Position } from '../../protocol/index';
import type {
  AddResult,
  AgentEntry,
  AgentRecord,
  AgentStore,
  AgentView,
  ConnectedAgent,
  InboxMark,
  MissedMessage,
  RemoveResult,
  WakeClaim,
} from '../../lambda/shared/stores/agent-store';
import { afterObservers } from '../../lambda/shared/subjects';
import type { Clock } from '../../lambda/shared/ports';

export interface MemoryAgent {
  readonly connections: ReadonlySet<string>;
  readonly version: number | undefined;
  readonly status: 'online' | 'offline' | undefined;
  /** Its own word, while it is connected. */
  readonly said: string | undefined;
  readonly capabilities: readonly string[];
  readonly changedAt: number;
  readonly lastDeparture: AgentRecord['lastDeparture'];
  readonly inboxFrom: number | undefined;
  /** Outlives the mark, so that a new one is never taken for an old one. */
  readonly inboxCount: number;
  readonly announcedFor?: number;
  readonly wakeClaimedAt?: number;
  readonly handled: Position | undefined;
  /** Milliseconds that it is kept for after the last connection has ended. */
  readonly keptForMs: number;
  readonly expiresAt: number | undefined;
}

const keptMs = 30 * 86_400_000;
const deletionMarginMs = 3_600_000;

const nobody: MemoryAgent = {
  connections: new Set(),
  version: undefined,
  status: undefined,
  said: undefined,
  capabilities: [],
  changedAt: 0,
  lastDeparture: undefined,
  inboxFrom: undefined,
  inboxCount: 0,
  handled: undefined,
  keptForMs: keptMs,
  expiresAt: undefined,
};
export class MemoryAgentStore implements AgentStore {
  /** `pageSize`: agents per page. */
  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly pageSize = 100,
  ) {}

  private readonly byTenant = new Map<string, Map<string, MemoryAgent>>();

  /** Begins with the agents of another one. */
  takeFrom(other: MemoryAgentStore): void {
    for (const [tenantId, agents] of other.byTenant) this.byTenant.set(tenantId, new Map(agents));
  }

  addConnection(
    tenantId: string,
    agentId: string,
    connectionId: string,
    limit: number,
    mayBeNew = true,
  ): Promise<AddResult> {
    const before = this.agent(tenantId, agentId) ?? nobody;
    const { connections } = before;
    const unchanged = { inboxMark: markOf(before), arrival: undefined };
    if (connections.has(connectionId)) return Promise.resolve({ outcome: 'present', ...unchanged });
    if (before.version === undefined && !mayBeNew)
      return Promise.resolve({ outcome: 'unknown', ...unchanged });
    if (connections.size >= limit) return Promise.resolve({ outcome: 'full', ...unchanged });
    const after = this.put(tenantId, agentId, {
      ...before,
      connections: new Set([...connections, connectionId]),
      version: (before.version ?? this.clock.now()) + 1,
      status: 'online',
      changedAt: this.clock.now(),
      expiresAt: undefined,
    });
    const arrival = connections.size === 0 ? recordOf(agentId, after) : undefined;
    return Promise.resolve({ outcome: 'added', inboxMark: markOf(before), arrival });
  }

  removeConnection(tenantId: string, agentId: string, connectionId: string): Promise<RemoveResult> {
    const before = this.agent(tenantId, agentId);
    if (before?.connections.has(connectionId) !== true)
      return Promise.resolve({ changed: false, departure: undefined });
    const connections = new Set([...before.connections].filter((id) => id !== connectionId));
    const now = this.clock.now();
    const isLast = connections.size === 0;
    const after = this.put(tenantId, agentId, {
      ...before,
      connections,
      version: (before.version ?? 0) + 1,
      changedAt: now,
      ...(isLast && {
        status: 'offline',
        said: undefined,
        lastDeparture: {
          at: now,
          status: before.said ?? online,
          announcedVersion: before.lastDeparture?.announcedVersion,
        },
        expiresAt: now + before.keptForMs,
      }),
    });
    return Promise.resolve({ changed: true, departure: isLast ? recordOf(agentId, after) : undefined });
  }

  setPresence(
    tenantId: string,
    agentId: string,
    connectionId: string,
    { status, capabilities }: OwnPresence,
  ): Promise<AgentRecord | undefined> {
    const before = this.agent(tenantId, agentId);
    if (before?.connections.has(connectionId) !== true) return Promise.resolve(undefined);
    const after = this.put(tenantId, agentId, {
      ...before,
      version: (before.version ?? 0) + 1,
      changedAt: this.clock.now(),
      said: status ?? before.said,
      capabilities: capabilities ?? before.capabilities,
    });
    return Promise.resolve(recordOf(agentId, after));
  }

  markAnnounced(tenantId: string, agentId: string, version: number): Promise<boolean> {
    const before = this.agent(tenantId, agentId);
    if (before?.lastDeparture === undefined || before.version !== version || before.connections.size > 0)
      return Promise.resolve(false);
    this.put(tenantId, agentId, {
      ...before,
      lastDeparture: { ...before.lastDeparture, announcedVersion: version },
    });
    return Promise.resolve(true);
  }

  async *agents(tenantId: string, after: string | undefined): AsyncGenerator<readonly AgentEntry[]> {
    const isKept = ({ connections, expiresAt = Infinity }: MemoryAgent): boolean =>
      connections.size > 0 || expiresAt > this.clock.now();
    const start = Buffer.from(after ?? afterObservers);
    const entries = [...(this.byTenant.get(tenantId) ?? [])]
      .map(([agentId, agent]) => ({ agentId, agent, bytes: Buffer.from(agentId) }))
      .filter(({ bytes }) => bytes.compare(start) > 0)
      .sort((a, b) => a.bytes.compare(b.bytes))
      .map(({ agentId, agent }) => ({
        agentId,
        record: isKept(agent) ? recordOf(agentId, agent) : undefined,
      }));
    for (let at = 0; at < entries.length; at += this.pageSize) {
      const page = entries.slice(at, at + this.pageSize);
      yield await Promise.resolve(
        page.filter(({ record }, index) => record !== undefined || index === page.length - 1),
      );
    }
  }

  async *connectedAgents(tenantId: string): AsyncGenerator<readonly ConnectedAgent[]> {
    const all = [...(this.byTenant.get(tenantId) ?? [])].filter(
      ([, { connections }]) => connections.size > 0,
    );
    for (let start = 0; start < all.length; start += this.pageSize) {
      await Promise.resolve();
      yield all
        .slice(start, start + this.pageSize)
        .map(([agentId, { connections }]) => ({ tenantId, agentId, connectionIds: [...connections] }));
    }
  }

  connectionIds(tenantId: string, agentId: string): Promise<readonly string[]> {
    return Promise.resolve([...(this.agent(tenantId, agentId)?.connections ?? [])]);
  }

  getAgent(tenantId: string, agentId: string): Promise<AgentView> {
    const agent = this.agent(tenantId, agentId) ?? nobody;
    const { connections, version, handled, expiresAt, announcedFor, wakeClaimedAt } = agent;
    const record = recordOf(agentId, agent);
    return Promise.resolve({
      connectionIds: [...connections],
      version,
      inboxMark: markOf(agent),
      handled,
      expiresAt,
      record,
      announcedFor,
      wakeClaimedAt,
    });
  }

  recordMissed(missed: MissedMessage, seen: AgentView | undefined): Promise<boolean> {
    const { tenantId, agentId, sequence, expiresAt } = missed;
    const before = this.agent(tenantId, agentId) ?? nobody;
    if (seen !== undefined && seen.version !== before.version) return Promise.resolve(false);
    this.put(tenantId, agentId, {
      ...before,
      inboxFrom: Math.min(before.inboxFrom ?? sequence, sequence),
      inboxCount: before.inboxCount + 1,
      expiresAt: Math.max(this.clock.now() + keptMs, expiresAt),
    });
    return Promise.resolve(true);
  }

  settleMark(
    tenantId: string,
    agentId: string,
    connectionId: string,
    mark: InboxMark,
    to?: number,
  ): Promise<boolean> {
    const before = this.agent(tenantId, agentId) ?? nobody;
    const isSame = before.inboxFrom === mark.from && before.inboxCount === mark.count;
    if (!isSame || !before.connections.has(connectionId)) return Promise.resolve(false);
    this.put(tenantId, agentId, { ...before, inboxFrom: to });
    return Promise.resolve(true);
  }

  claimWake(tenantId: string, agentId: string, pauseMs: number): Promise<WakeClaim | undefined> {
    const before = this.agent(tenantId, agentId);
    const now = this.clock.now();
    if (
      before?.inboxFrom === undefined ||
      before.connections.size > 0 ||
      before.announcedFor === (before.version ?? 0) ||
      Math.abs(now - (before.wakeClaimedAt ?? 0)) < pauseMs
    )
      return Promise.resolve(undefined);
    this.put(tenantId, agentId, { ...before, wakeClaimedAt: now });
    return Promise.resolve({ tenantId, agentId, version: before.version, sequence: before.inboxFrom });
  }

  markWoken({ tenantId, agentId, version }: WakeClaim): Promise<void> {
    const before = this.agent(tenantId, agentId);
    if (before?.inboxFrom !== undefined && before.version === version)
      this.put(tenantId, agentId, { ...before, announcedFor: version ?? 0 });
    return Promise.resolve();
  }

  /** Agents without connections that have missed messages and were not announced since they left. */
  *sleepers(): Generator<{ tenantId: string; agentId: string }> {
    for (const [tenantId, agents] of this.byTenant) {
      for (const [agentId, { connections, inboxFrom, announcedFor, version = 0 }] of agents)
        if (connections.size === 0 && inboxFrom !== undefined && announcedFor !== version)
          yield { tenantId, agentId };
    }
  }

  saveHandled(
    tenantId: string,
    agentId: string,
    handled: Position,
    retentionMs: number,
    isFirst: boolean,
  ): Promise<void> {
    const before = this.agent(tenantId, agentId);
    const kept = before?.handled;
    const isLower = kept?.epoch === handled.epoch && kept.sequence >= handled.sequence;
    if (before?.version === undefined || isLower || (isFirst && kept !== undefined)) return Promise.resolve();
    const keptForMs = Math.max(keptMs, retentionMs + deletionMarginMs);
    this.put(tenantId, agentId, { ...before, handled, keptForMs });
    return Promise.resolve();
  }

  agent(tenantId: string, agentId: string): MemoryAgent | undefined {
    return this.byTenant.get(tenantId)?.get(agentId);
  }

  /** Every agent that never connected, of every tenant. */
  *unknown(): Generator<{ tenantId: string; agentId: string }> {
    yield* this.unconnected(({ version }) => version === undefined);
  }

  /** Every agent that was connected, of every tenant. */
  *away(): Generator<{ tenantId: string; agentId: string }> {
    yield* this.unconnected(({ version }) => version !== undefined);
  }

  private *unconnected(
    fits: (agent: MemoryAgent) => boolean,
  ): Generator<{ tenantId: string; agentId: string }> {
    for (const [tenantId, agents] of this.byTenant) {
      for (const [agentId, agent] of agents) {
        const { connections, expiresAt = Infinity } = agent;
        if (connections.size === 0 && expiresAt > this.clock.now() && fits(agent))
          yield { tenantId, agentId };
      }
    }
  }

  /** Every agent that has a connection, of every tenant. */
  *connected(): Generator<{ tenantId: string; agentId: string; connectionIds: readonly string[] }> {
    for (const [tenantId, agents] of this.byTenant) {
      for (const [agentId, { connections }] of agents)
        if (connections.size > 0) yield { tenantId, agentId, connectionIds: [...connections] };
    }
  }

  /** Of the tenant, observers included, in the order of their bytes. */
  ids(tenantId: string): string[] {
    return [...(this.byTenant.get(tenantId)?.keys() ?? [])].sort(compareBytes);
  }

  /** Tells whether it was there. */
  delete(tenantId: string, agentId: string): boolean {
    return this.byTenant.get(tenantId)?.delete(agentId) ?? false;
  }

  private put(tenantId: string, agentId: string, agent: MemoryAgent): MemoryAgent {
    const agents = this.byTenant.get(tenantId) ?? new Map<string, MemoryAgent>();
    this.byTenant.set(tenantId, agents.set(agentId, agent));
    return agent;
  }
}

function markOf({ inboxFrom, inboxCount }: MemoryAgent): InboxMark | undefined {
  return inboxFrom === undefined ? undefined : { from: inboxFrom, count: inboxCount };
}

function recordOf(agentId: string, agent: MemoryAgent): AgentRecord | undefined {
  const { version, status, said, capabilities, changedAt, lastDeparture } = agent;
  if (version === undefined) return undefined;
  return {
    agentId,
    status: status === 'offline' ? offline : (said ?? online),
    capabilities,
    version,
    changedAt,
    lastDeparture,
  };
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
