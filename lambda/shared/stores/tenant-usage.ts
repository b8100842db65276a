/** What a tenant uses of what is bounded per tenant; and the port. */

/** 0 = no limit, except of `unknownAgents`. */
export interface TenantQuotas {
  readonly connections: number;
  readonly agents: number;
  readonly storedBytesPerDay: number;
  readonly deliveriesPerDay: number;
  /** Agents that never connected and have messages in their inbox. */
  readonly unknownAgents: number;
}

/** Of a quota that may be 0. */
export function isUsedUp(used: number, quota: number): boolean {
  return quota > 0 && used >= quota;
}

/** As the sweep counts them; connections and agents only where they have a quota. */
export interface TenantCounts {
  readonly connections: number;
  /** Those that are known: connected, or within the last 30 days. */
  readonly agents: number;
  readonly unknownAgents: number;
}

/** On one day, UTC. */
export interface DailyUse {
  /** Bytes of the messages that went into logs, as JSON. */
  readonly storedBytes: number;
  /** Messages that connections have taken, or that were handed to workers. */
  readonly deliveries: number;
}

export interface TenantUsageStore {
  /** As counted last. Eventually consistent. */
  counts(tenantId: string): Promise<TenantCounts>;
  /** Counts one more agent that never connected, unless there are `limit` of them. Tells whether it did. */
  addUnknownAgent(tenantId: string, limit: number): Promise<boolean>;
  /** What the sweep has counted takes the place of what was counted since. */
  putCounts(tenantId: string, counts: TenantCounts): Promise<void>;
  /** Gives what all have used on that day, such as `2026-11-29`. */
  addDailyUse(tenantId: string, date: string, use: DailyUse): Promise<DailyUse>;
}
