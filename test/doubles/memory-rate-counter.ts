/** Used-up time in memory, with the same duties as the DynamoDB counter. For tests and simulations. */
import type { RateCounter, RateUse } from '../../lambda/shared/ports';

export class MemoryRateCounter implements RateCounter {
  private readonly counters = new Map<string, number>();
  /** Calls that a counter behind a network would pay for. */
  writes = 0;

  add(subject: string, { usedMs, floor, ceiling, isIdle: isRested }: RateUse): Promise<number> {
    const before = this.counters.get(subject) ?? -Infinity;
    const after = (before > ceiling ? floor : Math.max(before, floor)) + usedMs;
    this.counters.set(subject, after);
    this.writes += isRested === before < floor ? 1 : 2;
    return Promise.resolve(after);
  }

  usedUntil(subject: string): Promise<number> {
    return Promise.resolve(this.counters.get(subject) ?? 0);
  }
}
