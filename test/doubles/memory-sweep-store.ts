/** The sweep's view of the memory stores, with the same duties as the DynamoDB store. For tests and simulations. */
import type { Subscription } from '../../lambda/shared/connection-store';
import type { ConnectedAgent } from '../../lambda/shared/agent-store';
import type { StoredCursor, SweepCursor, SweepPage, SweepStore } from '../../lambda/sweep/sweep-store';
import type { MemoryAgentStore } from './memory-agent-store';
import type { MemoryConnectionStore } from './memory-connection-store';
import { MemoryRevocationStore } from './memory-revocation-store';

export class MemorySweepStore implements SweepStore {
  private place: StoredCursor = {};
  moves = 0;

  constructor(
    private readonly connections: MemoryConnectionStore,
    private readonly agents: MemoryAgentStore,
    private readonly pageRows = 100,
    private readonly revocations = new MemoryRevocationStore(),
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
    ]
      .filter(({ key }) => after === undefined || key > after)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    for (let start = 0; start === 0 || start < rows.length; start += this.pageRows) {
      const page = rows.slice(start, start + this.pageRows);
      yield await Promise.resolve({
        connections: page.flatMap((row) => ('connection' in row ? [row.connection] : [])),
        subscriptions: page.flatMap((row) => ('subscription' in row ? [row.subscription] : [])),
        revocations: page.flatMap((row) => ('revocation' in row ? [row.revocation] : [])),
        next: start + this.pageRows < rows.length ? page.at(-1)?.key : undefined,
      });
    }
  }

  async *connectedAgents(): AsyncGenerator<readonly ConnectedAgent[]> {
    yield await Promise.resolve([...this.agents.connected()]);
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
