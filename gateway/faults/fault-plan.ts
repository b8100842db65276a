/**
 * The fault plan of a running gateway: its rules, counts, proxy and events. It is between the functions and AWS, so
 * that neither side needs code for faults.
 */
import { type RuleCount, contains, Decisions } from './decisions';
import { deliverEvent } from './events';
import { Hosts } from './hosts';
import { type ParsedFaultPlan, type FaultPlanInput, parseFaultPlan } from './plan-schema';
import { type Decide, type FaultProxy, type ProxyTargets, startProxy } from './proxy';

export interface FaultReport {
  readonly plan: ParsedFaultPlan;
  /** Milliseconds since the plan began. */
  readonly elapsedMs: number;
  /** One per rule, in the order of the rules. */
  readonly counts: readonly Pick<RuleCount, 'seen' | 'fired'>[];
}

export class FaultPlan {
  readonly hosts = new Hosts((functionName) => this.skewOf(functionName));
  private plan: ParsedFaultPlan;
  private decisions: Decisions;
  private startedAt = performance.now();
  private jumps: NodeJS.Timeout[] = [];

  constructor(plan: FaultPlanInput) {
    this.plan = parseFaultPlan(plan);
    this.decisions = new Decisions(this.plan);
    this.begin();
  }

  /** Replaces the plan; time and counts start at zero. Throws a `GatewayError` when the plan is invalid. */
  replace(plan: unknown): FaultReport {
    this.plan = parseFaultPlan(plan);
    this.decisions = new Decisions(this.plan);
    this.begin();
    return this.report();
  }

  report(): FaultReport {
    const counts = this.decisions.counts.map(({ seen, fired }) => ({ seen, fired }));
    return { plan: this.plan, elapsedMs: Math.round(this.elapsedMs), counts };
  }

  startProxy(targets: ProxyTargets, now: () => number): Promise<FaultProxy> {
    return startProxy(targets, this.hosts, this.decide, now);
  }

  /** Delivers an event to its function with the faults of the plan; `undefined` when the event is lost. */
  deliver<Result>(
    functionName: string,
    payload: string,
    run: () => Promise<Result>,
  ): Promise<Result | undefined> {
    return deliverEvent(this.decide, functionName, payload, run);
  }

  stop(): void {
    for (const jump of this.jumps) clearTimeout(jump);
  }

  private readonly decide: Decide = (target, isPossible) =>
    this.decisions.decide(target, this.elapsedMs, isPossible);

  private get elapsedMs(): number {
    return performance.now() - this.startedAt;
  }

  private begin(): void {
    this.stop();
    this.startedAt = performance.now();
    this.hosts.setClocks();
    this.jumps = this.plan.clocks
      .filter(({ fromMs }) => fromMs > 0)
      .map(({ fromMs }) =>
        setTimeout(() => {
          this.hosts.setClocks();
        }, fromMs).unref(),
      );
  }

  /** When several clocks apply, the last one counts. */
  private skewOf(functionName: string): number {
    // A timer may fire slightly early.
    const elapsed = this.elapsedMs + 1;
    const jumped = this.plan.clocks
      .filter((clock) => contains(functionName, clock.function) && clock.fromMs <= elapsed)
      .sort((a, b) => a.fromMs - b.fromMs);
    return jumped.at(-1)?.skewMs ?? 0;
  }
}
