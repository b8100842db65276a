/** Agents in memory, with the same duties as the DynamoDB store. For tests and simulations. */
import type { AddOutcome, AgentStore, Clock } from '../core/ports';

export interface MemoryAgent {
  readonly connections: ReadonlySet<string>;
  readonly version: number;
  readonly status: 'online' | 'offline';
}

export class MemoryAgentStore implements AgentStore {
  private readonly agents = new Map<string, MemoryAgent>();

  constructor(private readonly clock: Clock) {}

  addConnection(tenantId: string, agentId: string, connectionId: string, limit: number): Promise<AddOutcome> {
    const before = this.agent(tenantId, agentId);
    const connections = before?.connections ?? new Set<string>();
    if (connections.has(connectionId)) return Promise.resolve('present');
    if (connections.size >= limit) return Promise.resolve('full');
    this.agents.set(key(tenantId, agentId), {
      connections: new Set([...connections, connectionId]),
      version: (before?.version ?? this.clock.now()) + 1,
      status: 'online',
    });
    return Promise.resolve('added');
  }

  removeConnection(tenantId: string, agentId: string, connectionId: string): Promise<boolean> {
    const before = this.agent(tenantId, agentId);
    if (before?.connections.has(connectionId) !== true) return Promise.resolve(false);
    const connections = new Set([...before.connections].filter((id) => id !== connectionId));
    const status = connections.size === 0 ? 'offline' : 'online';
    this.agents.set(key(tenantId, agentId), { connections, version: before.version + 1, status });
    return Promise.resolve(true);
  }

  connectionIds(tenantId: string, agentId: string): Promise<readonly string[]> {
    return Promise.resolve([...(this.agent(tenantId, agentId)?.connections ?? [])]);
  }

  agent(tenantId: string, agentId: string): MemoryAgent | undefined {
    return this.agents.get(key(tenantId, agentId));
  }
}

function key(tenantId: string, agentId: string): string {
  return JSON.stringify([tenantId, agentId]);
}
