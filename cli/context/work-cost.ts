/** What the text messages and requests of a tenant cost on a deployed stack, by the work units in the log lines of its functions. */
import type { CostPoint } from '../../console/server/index';
import type { Context } from './context';
import { type InsightsOptions, queryRows, type Row } from './insights';
import { groupsOf } from './log-lines';

export interface WorkCostOptions extends InsightsOptions {
  /** Epoch milliseconds. Default: the time of this machine. */
  readonly now?: () => number;
}

const minuteMs = 60_000;
const binMinutes = 5;
const binMs = binMinutes * minuteMs;
const bins = 12;
/** By then CloudWatch has the lines of a bin. */
const settledMs = 2 * minuteMs;
/** docs/costs.md, Work units. */
const dollarsPerUnit = 1e-6;

/**
 * The last hour in steps of five minutes, oldest first. CloudWatch bills each query, so it is asked again only when a further step
 * is complete.
 * @throws CommandError when CloudWatch refuses or fails
 */
export function workCostOf(
  context: Context,
  tenant: string,
  { now = Date.now, ...insights }: WorkCostOptions,
): () => Promise<readonly CostPoint[]> {
  let latest: { readonly to: number; readonly points: Promise<readonly CostPoint[]> } | undefined;
  return () => {
    const to = Math.floor((now() - settledMs) / binMs) * binMs;
    if (latest?.to === to) return latest.points;
    const asked = { to, points: costUntil(context, tenant, to, insights) };
    latest = asked;
    asked.points.catch(() => {
      if (latest === asked) latest = undefined;
    });
    return asked.points;
  };
}

async function costUntil(
  context: Context,
  tenant: string,
  to: number,
  insights: InsightsOptions,
): Promise<readonly CostPoint[]> {
  const { default: socket, http } = await groupsOf(context);
  const from = to - bins * binMs;
  const rows = await queryRows({ groups: [socket, http], from, to }, queryFor(tenant), insights);
  const units = new Map(rows.filter((row) => row.get('tenant_id') === tenant).map(unitsIn));
  return Array.from({ length: bins }, (_, index) => {
    const at = from + index * binMs;
    const dollars = (units.get(at) ?? 0) * dollarsPerUnit;
    return { at: at / 1_000, dollarsPerHour: dollars * (60 / binMinutes) };
  });
}

/**
 * Names of tenants have any characters: only those that mean nothing in a pattern go into the query. The rows have the name, and
 * those of others are dropped.
 */
function queryFor(tenant: string): string {
  const pattern = tenant.replace(/[^\w:-]+/g, '.+');
  return [
    'filter event in ["published", "request"]',
    `filter tenant_id like /^${pattern}$/`,
    `stats sum(work_units) as units by tenant_id, bin(${binMinutes}m)`,
  ].join('\n| ');
}

/** Insights gives times as `2026-11-29 23:20:00.000`, in UTC. */
function unitsIn(row: Row): readonly [number, number] {
  const at = Date.parse(`${(row.get(`bin(${binMinutes}m)`) ?? '').replace(' ', 'T')}Z`);
  return [at, Number(row.get('units'))];
}
