/** One log line for the first refusal of an agent, then one for all in ten seconds: a flood must not become a flood of lines. */
import type { Logger } from '../../shared/ports';
import { agentRateSubject } from '../../shared/subjects';
import { putLast } from '../../shared/recently-used';

const logEveryMs = 10_000;

interface Refusals {
  frames: number;
  loggedAt: number;
}

export class RefusalLog {
  private readonly refusals = new Map<string, Refusals>();

  constructor(private readonly log: Logger) {}

  /** `now` in epoch milliseconds. */
  add(tenantId: string, agentId: string, frames: number, now: number): void {
    const key = agentRateSubject(tenantId, agentId);
    const refusals = this.refusals.get(key) ?? { frames: 0, loggedAt: -Infinity };
    refusals.frames += frames;
    putLast(this.refusals, key, refusals);
    if (now - refusals.loggedAt < logEveryMs) return;
    this.log.info('rate_limited', { tenant_id: tenantId, agent_id: agentId, frames: refusals.frames });
    refusals.frames = 0;
    refusals.loggedAt = now;
  }
}
