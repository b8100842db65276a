/**
 * What one run of the sweep has read: connections, subscriptions, and the members of agents' sets, and what does not fit
 * together. All of it may be out of date by seconds, so each repair reads its item again first.
 */
import type { Connection } from '../shared/stores/connection-store';
import type { Deadline } from '../shared/deadline';
import type { TenantQuotas } from '../shared/stores/tenant-usage';
import { channelSubject } from '../shared/subjects';
import { TenantCounter } from './tenant-counts';
import { RevokedTokens, tokenOf } from './revoked-tokens';
import type { Missing } from './sweep-connection';
import type { SubscriptionRow, SweepStore, TenantCountsRow } from '../shared/stores/sweep-store';

export interface Member {
  readonly tenantId: string;
  readonly agentId: string;
  readonly connectionId: string;
}

/** What a function of 512 MB holds with ease. */
const maxRows = 400_000;

export class SweepWindow {
  /** Where the next window begins; absent when this one goes to the end. */
  next: string | undefined;
  private readonly byId = new Map<string, Connection>();
  private readonly subscriptions: SubscriptionRow[] = [];
  private readonly subscribed = new Set<string>();
  private readonly members = new Map<string, Member>();
  private readonly revoked = new RevokedTokens();
  private readonly counter: TenantCounter;

  private hasAllMembers = true;

  private constructor(
    private readonly from: string | undefined,
    quotas: TenantQuotas,
  ) {
    this.counter = new TenantCounter(quotas);
  }

  /** Reads for as long as there is time, and as much as there is room for. Throws what the store throws. */
  static async read(
    store: SweepStore,
    from: string | undefined,
    quotas: TenantQuotas,
    deadline: Deadline,
  ): Promise<SweepWindow> {
    const window = new SweepWindow(from, quotas);
    // First, so that each agent found here had its connection row before.
    for await (const agents of store.agents(quotas.agents > 0)) {
      // The table also holds every agent that was here within a month.
      if (deadline.hasPassed) {
        window.hasAllMembers = false;
        break;
      }
      for (const agent of agents) {
        window.counter.add(agent);
        const { tenantId, agentId, connectionIds } = agent;
        for (const connectionId of connectionIds)
          window.members.set(memberKey(tenantId, agentId, connectionId), { tenantId, agentId, connectionId });
      }
    }
    for await (const { connections, subscriptions, revocations, tenantCounts, next } of store.pages(from)) {
      for (const row of tenantCounts) window.counter.addBefore(row);
      for (const row of revocations) window.revoked.add(row);
      for (const row of connections) window.byId.set(row.connectionId, row);
      for (const row of subscriptions) {
        window.subscriptions.push(row);
        window.subscribed.add(subscriptionKey(row));
      }
      window.next = next;
      if (window.rows >= maxRows || deadline.hasPassed) break;
    }
    window.addUnlistedChannels();
    return window;
  }

  /** Their channels include every subscription that was read. */
  get connections(): readonly Connection[] {
    return [...this.byId.values()];
  }

  get rows(): number {
    return this.byId.size + this.subscriptions.length;
  }

  /** Whether everything there is has been read. */
  get isComplete(): boolean {
    return this.from === undefined && this.next === undefined;
  }

  /** Only from all agents: a part of them says nothing about a tenant. */
  get tenantCounts(): readonly TenantCountsRow[] {
    return this.hasAllMembers ? this.counter.changes : [];
  }

  /** As far as revocations were read. */
  isRevoked(row: Connection): boolean {
    return this.revoked.includes(tokenOf(row));
  }

  missingOf({ tenantId, agentId, connectionId, channels }: Connection): Missing {
    return {
      isMember: !this.hasAllMembers || this.members.has(memberKey(tenantId, agentId, connectionId)),
      // A row that was not read is not missing.
      channels: this.isComplete
        ? channels.filter(
            (channelId) => !this.subscribed.has(subscriptionKey({ tenantId, channelId, connectionId })),
          )
        : [],
    };
  }

  /** Subscriptions and members whose connection was not read. */
  get strays(): { readonly subscriptions: readonly SubscriptionRow[]; readonly members: readonly Member[] } {
    const isStray = ({ connectionId }: { readonly connectionId: string }): boolean =>
      !this.byId.has(connectionId);
    return {
      subscriptions: this.subscriptions.filter(isStray),
      members: [...this.members.values()].filter(isStray),
    };
  }

  /**
   * A `subscribe` and an `unsubscribe` of one channel that run at the same time can leave a subscription that the
   * connection's row does not name. Named here, it is removed together with its connection. While the connection is open
   * it stays: which of the two frames came last is not known, and a message too many does less harm than a lost one.
   */
  private addUnlistedChannels(): void {
    for (const { tenantId, channelId, connectionId } of this.subscriptions) {
      const row = this.byId.get(connectionId);
      if (row?.tenantId !== tenantId || row.channels.includes(channelId)) continue;
      this.byId.set(connectionId, { ...row, channels: [...row.channels, channelId] });
    }
  }
}

function memberKey(tenantId: string, agentId: string, connectionId: string): string {
  return `${connectionId} ${channelSubject(tenantId, agentId)}`;
}

function subscriptionKey({
  tenantId,
  channelId,
  connectionId,
}: Pick<SubscriptionRow, 'tenantId' | 'channelId' | 'connectionId'>): string {
  return `${connectionId} ${channelSubject(tenantId, channelId)}`;
}
