/** The sweep's view of the memory stores, with the same duties as the DynamoDB store. For tests and simulations. */
import type { Subscription } from '../../lambda/shared/stores/connection-store';
import type { AgentName } from '../../lambda/shared/stores/agent-store';
import type {
  StoredCursor,
  SweepCursor,
  SweepPage,
  SweepStore,
  SweptAgent,
} from '../../lambda/shared/stores/sweep-store';
import type { MemoryAgentStore } from './memory-agent-store';
import type { MemoryConnectionStore } from './memory-connection-store';
import { MemoryRevocationStore } from './memory-revocation-store';
import { MemoryTenantUsage } from './memory-tenant-usage';

export class MemorySweepStore implements SweepStore {
  private place: StoredCursor = {};
  moves = 0;

  constructor(
    private readonly connections: MemoryConnectionStore,
    private readonly agentStore: MemoryAgentStore,
    private readonly pageRows = 100,
    private readonly revocations = new MemoryRevocationStore(),
    private readonly usage = new MemoryTenantUsage(),
  ) {}

  async *pages(after: string | undefined): AsyncGenerator<SweepPage> {
    const { connections, subscriptions } = this.connections.everything();
    const rows = [
      ...connections.map((row) => ({ key: `connection/${row.connectionId}`, connection: row })),
      ...subscriptions.map((row) => ({
        key: JSON.stringify([row.tenantId, row.channelId, row.connectionId]),
        subscription: row,
      })),
      ...this.revocations.rows().map((row) => ({
        key: JSON.stringify([row.tenantId, 'revocation', row.agentId, row.tokenId]),
        revocation: row,
      })),
      ...this.usage
        .rows()
        .map((row) => ({ key: JSON.stringify([row.tenantId, 'usage']), tenantCounts: row })),
    ]
      .filter(({ key }) => after === undefined || key > after)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    for (let start = 0; start === 0 || start < rows.length; start += this.pageRows) {
      const page = rows.slice(start, start + this.pageRows);
      yield await Promise.resolve({
        connections: page.flatMap((row) => ('connection' in row ? [row.connection] : [])),
        subscriptions: page.flatMap((row) => ('subscription' in row ? [row.subscription] : [])),
        revocations: page.flatMap((row) => ('revocation' in row ? [row.revocation] : [])),
        tenantCounts: page.flatMap((row) => ('tenantCounts' in row ? [row.tenantCounts] : [])),
        next: start + this.pageRows < rows.length ? page.at(-1)?.key : undefined,
      });
    }
  }

  async *agents(all: boolean): AsyncGenerator<readonly SweptAgent[]> {
    const known = [...this.agentStore.connected()].map((agent) => ({ ...agent, isKnown: true }));
    const unknown = [...this.agentStore.unknown()].map((agent) => ({
      ...agent,
      connectionIds: [],
      isKnown: false,
    }));
    const away = [...this.agentStore.away()].map((agent) => ({ ...agent, connectionIds: [], isKnown: true }));
    yield await Promise.resolve([...known, ...unknown, ...(all ? away : [])]);
  }

  async *sleepers(): AsyncGenerator<readonly AgentName[]> {
    yield await Promise.resolve([...this.agentStore.sleepers()]);
  }

  async restoreSubscription(tenantId: string, channelId: string, subscription: Subscription): Promise<void> {
    for await (const page of this.connections.subscribers(tenantId, channelId))
      if (page.some(({ connectionId }) => connectionId === subscription.connectionId)) return;
    const { connectionId, agentId, level, echo, expiresAt } = subscription;
    await this.connections.putSubscription(tenantId, channelId, {
      connectionId,
      agentId,
      level,
      echo,
      expiresAt,
    });
  }

  cursor(): Promise<StoredCursor> {
    return Promise.resolve(this.place);
  }

  moveCursor(to: SweepCursor): Promise<void> {
    this.place = to;
    this.moves += 1;
    return Promise.resolve();
  }
}
