/**
 * What a tenant may store and have delivered in a day (UTC), over environments that share nothing: each counts its own text messages
 * and reports samples to a row of the tenant, whose answer says what all have used.
 */
import { errorFields } from '../../shared/error-fields';
import type { Clock, Logger } from '../../shared/ports';
import { putLast } from '../../shared/recently-used';
import {
  isUsedUp,
  type DailyUse,
  type TenantQuotas,
  type TenantUsageStore,
} from '../../shared/stores/tenant-usage';

/** Text messages per report at the most. */
const reportEvery = 25;
/** Of a quota, what an environment counts at most before it reports. */
const unreportedShare = 0.01;
const none: DailyUse = { storedBytes: 0, deliveries: 0 };

export interface DailyQuotaDependencies {
  readonly usage: Pick<TenantUsageStore, 'addDailyUse'>;
  readonly quotas: Pick<TenantQuotas, 'storedBytesPerDay' | 'deliveriesPerDay'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
}

type QuotaName = keyof DailyQuotaDependencies['quotas'];

/** One tenant's day, as one environment knows it. */
interface Day {
  /** Such as `2026-11-29`. */
  readonly date: string;
  /** Of all environments, as of the last report; this one's own part is in it. */
  reported: DailyUse;
  unreported: DailyUse;
  textsSinceReport: number;
}

export class DailyQuotas {
  private readonly days = new Map<string, Day>();

  constructor(private readonly deps: DailyQuotaDependencies) {}

  /** The quota that is used up for such a message, if any. */
  usedUp(tenantId: string, isStored: boolean): QuotaName | undefined {
    const { reported, unreported } = this.dayOf(tenantId);
    const { deliveriesPerDay, storedBytesPerDay } = this.deps.quotas;
    const { storedBytes, deliveries } = sumOf(reported, unreported);
    if (isUsedUp(deliveries, deliveriesPerDay)) return 'deliveriesPerDay';
    return isStored && isUsedUp(storedBytes, storedBytesPerDay) ? 'storedBytesPerDay' : undefined;
  }

  add(tenantId: string, use: Partial<DailyUse>): void {
    const day = this.dayOf(tenantId);
    day.unreported = sumOf(day.unreported, { ...none, ...use });
  }

  /** Call once per text message, when it is over. Takes time only where a report is due, and never fails. */
  async report(tenantId: string): Promise<void> {
    const day = this.dayOf(tenantId);
    const { unreported } = day;
    if (unreported.storedBytes === 0 && unreported.deliveries === 0) return;
    day.textsSinceReport += 1;
    if (day.textsSinceReport < reportEvery && !this.isMuch(unreported)) return;
    day.textsSinceReport = 0;
    day.unreported = none;
    try {
      day.reported = await this.deps.usage.addDailyUse(tenantId, day.date, unreported);
    } catch (error) {
      // It may be in the row, or not: what is not counted costs less than what is refused.
      day.reported = sumOf(day.reported, unreported);
      this.deps.log.error('daily_use_not_counted', { tenant_id: tenantId, ...errorFields(error) });
    }
  }

  private isMuch({ storedBytes, deliveries }: DailyUse): boolean {
    const { storedBytesPerDay, deliveriesPerDay } = this.deps.quotas;
    const isMuchOf = (used: number, quota: number): boolean => quota > 0 && used >= quota * unreportedShare;
    return isMuchOf(storedBytes, storedBytesPerDay) || isMuchOf(deliveries, deliveriesPerDay);
  }

  private dayOf(tenantId: string): Day {
    const date = new Date(this.deps.clock.now()).toISOString().slice(0, 10);
    const known = this.days.get(tenantId);
    // The first report comes with the first message: it says what others have used.
    const day =
      known?.date === date
        ? known
        : { date, reported: none, unreported: none, textsSinceReport: reportEvery - 1 };
    putLast(this.days, tenantId, day);
    return day;
  }
}

/** `undefined` where nothing is counted by the day. */
export function dailyQuotas(deps: DailyQuotaDependencies): DailyQuotas | undefined {
  const { storedBytesPerDay, deliveriesPerDay } = deps.quotas;
  return storedBytesPerDay === 0 && deliveriesPerDay === 0 ? undefined : new DailyQuotas(deps);
}

function sumOf(one: DailyUse, other: DailyUse): DailyUse {
  return {
    storedBytes: one.storedBytes + other.storedBytes,
    deliveries: one.deliveries + other.deliveries,
  };
}
