/** What the sweep counts of each tenant while it reads, beside what was counted before. */
import type { TenantCounts, TenantQuotas } from '../shared/stores/tenant-usage';
import { isObserver } from '../shared/subjects';
import type { SweptAgent, TenantCountsRow } from '../shared/stores/sweep-store';

const none: TenantCounts = { connections: 0, agents: 0, unknownAgents: 0 };

export class TenantCounter {
  private readonly counted = new Map<string, TenantCounts>();
  private readonly before = new Map<string, TenantCounts>();

  constructor(private readonly quotas: Pick<TenantQuotas, 'connections' | 'agents'>) {}

  add({ tenantId, agentId, connectionIds, isKnown }: SweptAgent): void {
    const { connections, agents, unknownAgents } = this.counted.get(tenantId) ?? none;
    const { quotas } = this;
    const isAgent = isKnown && !isObserver(agentId);
    this.counted.set(tenantId, {
      connections: quotas.connections > 0 ? connections + connectionIds.length : 0,
      agents: quotas.agents > 0 && isAgent ? agents + 1 : agents,
      unknownAgents: isKnown ? unknownAgents : unknownAgents + 1,
    });
  }

  /** What stands in the table. */
  addBefore({ tenantId, counts }: TenantCountsRow): void {
    this.before.set(tenantId, counts);
  }

  /** What has to be written: nothing where the table is right. */
  get changes(): readonly TenantCountsRow[] {
    const tenants = new Set([...this.counted.keys(), ...this.before.keys()]);
    return [...tenants].flatMap((tenantId) => {
      const counts = this.counted.get(tenantId) ?? none;
      return isSame(counts, this.before.get(tenantId) ?? none) ? [] : [{ tenantId, counts }];
    });
  }
}

function isSame(one: TenantCounts, other: TenantCounts): boolean {
  return (
    one.connections === other.connections &&
    one.agents === other.agents &&
    one.unknownAgents === other.unknownAgents
  );
}
