/**
 * Finds the rule of the plan that applies to a call or event, and counts. The same plan and the same order of calls
 * give the same faults.
 */
import type { FaultKind, ParsedFaultPlan, FaultRule, Service } from './plan-schema';

/** One call of a function to AWS, or one event for a function. */
export interface FaultTarget {
  readonly service: Service;
  readonly operation: string;
  readonly table?: string | undefined;
  /** The function that makes the call or gets the event; `undefined` for other callers. */
  readonly function?: string | undefined;
}

export interface RuleCount {
  readonly rule: FaultRule;
  /** Calls and events that match the rule. */
  seen: number;
  /** Calls and events that got its fault. */
  fired: number;
}

export class Decisions {
  readonly counts: readonly RuleCount[];
  private readonly random: () => number;

  constructor(plan: ParsedFaultPlan) {
    this.counts = plan.rules.map((rule) => ({ rule, seen: 0, fired: 0 }));
    this.random = seededRandom(plan.seed);
  }

  /**
   * The first rule that applies, if any. `elapsedMs` is the time since the plan began. `isPossible` returns whether
   * this call can have the fault: a strongly consistent read is never stale.
   */
  decide(
    target: FaultTarget,
    elapsedMs: number,
    isPossible: (kind: FaultKind) => boolean = () => true,
  ): FaultRule | undefined {
    for (const count of this.counts) {
      const { rule } = count;
      if (!fits(rule, target, elapsedMs) || !isPossible(rule.fault)) continue;
      count.seen += 1;
      if (rule.times !== undefined && count.fired >= rule.times) continue;
      if (rule.nth !== undefined && rule.nth !== count.seen) continue;
      if (rule.probability < 1 && this.random() >= rule.probability) continue;
      count.fired += 1;
      return rule;
    }
    return undefined;
  }
}

function fits(rule: FaultRule, target: FaultTarget, elapsedMs: number): boolean {
  return (
    rule.service === target.service &&
    elapsedMs >= rule.fromMs &&
    (rule.untilMs === undefined || elapsedMs < rule.untilMs) &&
    (rule.operation === undefined || isSame(rule.operation, target.operation)) &&
    (rule.table === undefined || contains(target.table, rule.table)) &&
    (rule.function === undefined || contains(target.function, rule.function))
  );
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

export function contains(name: string | undefined, part: string): boolean {
  return (name ?? '').toLowerCase().includes(part.toLowerCase());
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
