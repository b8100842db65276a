/** What tenants use, in memory, with the same duties as the DynamoDB store. For tests and simulations. */
import type { DailyUse, TenantCounts, TenantUsageStore } from '../../lambda/shared/stores/tenant-usage';

export class MemoryTenantUsage implements TenantUsageStore {
  private readonly counted = new Map<string, TenantCounts>();
  private readonly days = new Map<string, DailyUse>();

  counts(tenantId: string): Promise<TenantCounts> {
    return Promise.resolve(this.countsOf(tenantId));
  }

  addDailyUse(tenantId: string, date: string, use: DailyUse): Promise<DailyUse> {
    const key = JSON.stringify([tenantId, date]);
    const before = this.days.get(key) ?? { storedBytes: 0, deliveries: 0 };
    const after = {
      storedBytes: before.storedBytes + use.storedBytes,
      deliveries: before.deliveries + use.deliveries,
    };
    this.days.set(key, after);
    return Promise.resolve(after);
  }

  addUnknownAgent(tenantId: string, limit: number): Promise<boolean> {
    const counts = this.countsOf(tenantId);
    if (counts.unknownAgents >= limit) return Promise.resolve(false);
    this.counted.set(tenantId, { ...counts, unknownAgents: counts.unknownAgents + 1 });
    return Promise.resolve(true);
  }

  putCounts(tenantId: string, counts: TenantCounts): Promise<void> {
    this.counted.set(tenantId, counts);
    return Promise.resolve();
  }

  rows(): readonly { readonly tenantId: string; readonly counts: TenantCounts }[] {
    return [...this.counted].map(([tenantId, counts]) => ({ tenantId, counts }));
  }

  private countsOf(tenantId: string): TenantCounts {
    return this.counted.get(tenantId) ?? { connections: 0, agents: 0, unknownAgents: 0 };
  }
}
