/** What every TenantUsageStore promises, as cases over a factory. */
import { randomUUID } from 'node:crypto';
import type { TenantUsageStore } from '../../lambda/shared/stores/tenant-usage';

export function tenantUsageSuite(create: () => TenantUsageStore): void {
  let store: TenantUsageStore;
  let tenant: string;

  beforeEach(() => {
    store = create();
    tenant = `tenant/${randomUUID()}`;
  });

  test('counts agents that never connected up to the limit, of each tenant for itself', async () => {
    const add = (tenantId = tenant) => store.addUnknownAgent(tenantId, 2);
    expect([await add(), await add(), await add()]).toEqual([true, true, false]);
    expect(await add(`${tenant}-other`)).toBe(true);
  });

  test('counts once for each of those that come at the same time', async () => {
    const added = await Promise.all(Array.from({ length: 6 }, () => store.addUnknownAgent(tenant, 4)));
    expect(added.filter((isAdded) => isAdded)).toHaveLength(4);
  });

  test('goes on from what the sweep has counted', async () => {
    await store.putCounts(tenant, { connections: 7, agents: 6, unknownAgents: 5 });
    expect(await store.addUnknownAgent(tenant, 6)).toBe(true);
    expect(await store.addUnknownAgent(tenant, 6)).toBe(false);
    expect(await store.counts(tenant)).toEqual({ connections: 7, agents: 6, unknownAgents: 6 });
    await store.putCounts(tenant, { connections: 0, agents: 0, unknownAgents: 0 });
    expect(await store.addUnknownAgent(tenant, 6)).toBe(true);
  });

  test('has counted nothing before the first sweep', async () => {
    expect(await store.counts(tenant)).toEqual({ connections: 0, agents: 0, unknownAgents: 0 });
  });

  test('sums up a day, of each tenant and each day for itself', async () => {
    const use = { storedBytes: 100, deliveries: 3 };
    expect(await store.addDailyUse(tenant, '2026-11-29', use)).toEqual(use);
    expect(await store.addDailyUse(tenant, '2026-11-29', { storedBytes: 1, deliveries: 0 })).toEqual({
      storedBytes: 101,
      deliveries: 3,
    });
    expect(await store.addDailyUse(tenant, '2026-11-30', use)).toEqual(use);
    expect(await store.addDailyUse(`${tenant}-other`, '2026-11-29', use)).toEqual(use);
    expect((await store.counts(tenant)).connections).toBe(0);
  });
}
