/** Connections and subscriptions in memory, with the same duties as the DynamoDB store. For tests and simulations. */
import type {
  ChannelsOutcome,
  Connection,
  ConnectionStore,
  Subscription,
} from '../../lambda/shared/stores/connection-store';
import { channelSubject, parseSubject } from '../../lambda/shared/subjects';
import type { SubscriptionRow } from '../../lambda/shared/stores/sweep-store';

export class MemoryConnectionStore implements ConnectionStore {
  private readonly connections = new Map<string, Connection>();
  private readonly subscriptions = new Map<string, Map<string, Subscription>>();

  /** `pageSize`: subscribers per page. */
  constructor(private readonly pageSize = 100) {}

  putConnection(connection: Connection): Promise<void> {
    this.connections.set(connection.connectionId, connection);
    return Promise.resolve();
  }

  getConnections(connectionIds: readonly string[]): Promise<Connection[]> {
    const rows = [...new Set(connectionIds)].map((id) => this.connections.get(id));
    return Promise.resolve(rows.filter((row) => row !== undefined));
  }

  addChannels(connectionId: string, channelIds: readonly string[], limit: number): Promise<ChannelsOutcome> {
    const row = this.connections.get(connectionId);
    if (row === undefined) return Promise.resolve({ outcome: 'unknown' });
    const channels = [...new Set([...row.channels, ...channelIds])];
    if (channels.length > limit) return Promise.resolve({ outcome: 'full' });
    this.connections.set(connectionId, { ...row, channels });
    const added = [...new Set(channelIds)].filter((channelId) => !row.channels.includes(channelId));
    return Promise.resolve({ outcome: 'added', channels, added });
  }

  removeChannel(connectionId: string, channelId: string): Promise<void> {
    const row = this.connections.get(connectionId);
    if (row !== undefined) {
      const channels = row.channels.filter((channel) => channel !== channelId);
      this.connections.set(connectionId, { ...row, channels });
    }
    return Promise.resolve();
  }

  removeConnection(connectionId: string): Promise<void> {
    this.connections.delete(connectionId);
    return Promise.resolve();
  }

  missingSubscriptions(
    tenantId: string,
    channelIds: readonly string[],
    connectionId: string,
  ): Promise<readonly string[]> {
    const isThere = (channelId: string): boolean =>
      this.subscriptions.get(channelSubject(tenantId, channelId))?.has(connectionId) ?? false;
    return Promise.resolve(channelIds.filter((channelId) => !isThere(channelId)));
  }

  putSubscription(tenantId: string, channelId: string, subscription: Subscription): Promise<void> {
    const subject = channelSubject(tenantId, channelId);
    const rows = this.subscriptions.get(subject) ?? new Map<string, Subscription>();
    rows.set(subscription.connectionId, subscription);
    this.subscriptions.set(subject, rows);
    return Promise.resolve();
  }

  removeSubscription(tenantId: string, channelId: string, connectionId: string): Promise<void> {
    this.subscriptions.get(channelSubject(tenantId, channelId))?.delete(connectionId);
    return Promise.resolve();
  }

  async *subscribers(tenantId: string, channelId: string): AsyncGenerator<readonly Subscription[]> {
    const rows = [...(this.subscriptions.get(channelSubject(tenantId, channelId))?.values() ?? [])];
    for (let start = 0; start < rows.length; start += this.pageSize) {
      yield await Promise.resolve(rows.slice(start, start + this.pageSize));
    }
  }

  /** Every row of every tenant. */
  everything(): { readonly connections: Connection[]; readonly subscriptions: SubscriptionRow[] } {
    const subscriptions = [...this.subscriptions].flatMap(([subject, rows]) => {
      const about = parseSubject(subject);
      if (about === undefined || about === 'connection') return [];
      return [...rows.values()].map(({ connectionId, expiresAt }) => ({ ...about, connectionId, expiresAt }));
    });
    return { connections: [...this.connections.values()], subscriptions };
  }

  hasSubscribers(tenantId: string, channelId: string): Promise<boolean> {
    return Promise.resolve((this.subscriptions.get(channelSubject(tenantId, channelId))?.size ?? 0) > 0);
  }
}
