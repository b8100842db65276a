/** The data of one metric of CloudWatch. */

export interface Metric {
  readonly namespace: string;
  readonly name: string;
  /** CloudWatch's: `Count`, `Milliseconds`, …; `None` when the filter names none. */
  readonly unit: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly sum: number;
  readonly count: number;
  /** The newest values, in the order of their arrival. */
  readonly values: readonly number[];
}

/** The value below or at which a share of the values is (nearest rank); 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
