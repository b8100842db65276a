/** Combines the results of the clients over several repetitions: violations are summed, speeds become figures. */
import { type Figure, figureOf } from '../stats';
import type { ClientFigures } from './clients';

/** Broken promises of delivery; all must be 0. */
export interface Violations {
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly corrupted: number;
}

export interface DeliveryStats extends Violations {
  readonly deliveriesPerSecond: Figure;
  readonly p50Ms: Figure;
  readonly p99Ms: Figure;
}

export function total(
  repetitions: readonly ClientFigures[],
  pick: (figures: ClientFigures) => number,
): number {
  return repetitions.reduce((sum, each) => sum + pick(each), 0);
}

export function deliveryStatsOf(repetitions: readonly ClientFigures[]): DeliveryStats {
  const figure = (pick: (figures: ClientFigures) => number): Figure => figureOf(repetitions.map(pick));
  return {
    lost: total(repetitions, (each) => each.lost),
    duplicated: total(repetitions, (each) => each.duplicated),
    reordered: total(repetitions, (each) => each.reordered),
    corrupted: total(repetitions, (each) => each.corrupted),
    deliveriesPerSecond: figure((each) => each.deliveriesPerSecond),
    p50Ms: figure((each) => each.p50Ms),
    p99Ms: figure((each) => each.p99Ms),
  };
}
