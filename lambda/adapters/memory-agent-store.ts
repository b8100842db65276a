/** Agents in memory, with the same duties as the DynamoDB store. For tests and simulations. */
import type { AddResult, AgentStore, AgentView, Clock, InboxMark, MissedMessage } from '../core/ports';

export interface MemoryAgent {
  readonly connections: ReadonlySet<string>;
  readonly version: number | undefined;
  readonly status: 'online' | 'offline' | undefined;
  readonly inboxFrom: number | undefined;
  /** Outlives the mark, so that a new one is never taken for an old one. */
  readonly inboxCount: number;
  readonly expiresAt: number | undefined;
}

const nobody: MemoryAgent = {
  connections: new Set(),
  version: undefined,
  status: undefined,
  inboxFrom: undefined,
  inboxCount: 0,
  expiresAt: undefined,
};
const keptMs = 30 * 86_400_000;

export class MemoryAgentStore implements AgentStore {
  private readonly agents = new Map<string, MemoryAgent>();

  constructor(private readonly clock: Clock) {}

  addConnection(tenantId: string, agentId: string, connectionId: string, limit: number): Promise<AddResult> {
    const before = this.agent(tenantId, agentId) ?? nobody;
    const { connections } = before;
    const mark = markOf(before);
    if (connections.has(connectionId)) return Promise.resolve({ outcome: 'present', mark });
    if (connections.size >= limit) return Promise.resolve({ outcome: 'full', mark });
    this.agents.set(key(tenantId, agentId), {
      ...before,
      connections: new Set([...connections, connectionId]),
      version: (before.version ?? this.clock.now()) + 1,
      status: 'online',
      expiresAt: undefined,
    });
    return Promise.resolve({ outcome: 'added', mark });
  }

  removeConnection(tenantId: string, agentId: string, connectionId: string): Promise<boolean> {
    const before = this.agent(tenantId, agentId);
    if (before?.connections.has(connectionId) !== true) return Promise.resolve(false);
    const connections = new Set([...before.connections].filter((id) => id !== connectionId));
    const isLast = connections.size === 0;
    this.agents.set(key(tenantId, agentId), {
      ...before,
      connections,
      version: (before.version ?? 0) + 1,
      status: isLast ? 'offline' : 'online',
      expiresAt: isLast ? this.clock.now() + keptMs : before.expiresAt,
    });
    return Promise.resolve(true);
  }

  connectionIds(tenantId: string, agentId: string): Promise<readonly string[]> {
    return Promise.resolve([...(this.agent(tenantId, agentId)?.connections ?? [])]);
  }

  look(tenantId: string, agentId: string): Promise<AgentView> {
    const agent = this.agent(tenantId, agentId) ?? nobody;
    const { connections, version, expiresAt } = agent;
    return Promise.resolve({ connectionIds: [...connections], version, mark: markOf(agent), expiresAt });
  }

  noteMissed(missed: MissedMessage, seen: AgentView | undefined): Promise<boolean> {
    const { tenantId, agentId, sequence, expiresAt } = missed;
    const before = this.agent(tenantId, agentId) ?? nobody;
    if (seen !== undefined && seen.version !== before.version) return Promise.resolve(false);
    this.agents.set(key(tenantId, agentId), {
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
    this.agents.set(key(tenantId, agentId), { ...before, inboxFrom: to });
    return Promise.resolve(true);
  }

  agent(tenantId: string, agentId: string): MemoryAgent | undefined {
    return this.agents.get(key(tenantId, agentId));
  }
}

function markOf({ inboxFrom, inboxCount }: MemoryAgent): InboxMark | undefined {
  return inboxFrom === undefined ? undefined : { from: inboxFrom, count: inboxCount };
}

function key(tenantId: string, agentId: string): string {
  return JSON.stringify([tenantId, agentId]);
}
