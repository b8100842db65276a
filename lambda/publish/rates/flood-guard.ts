/**
 * Clients that ignore `rate_limited` (RAT-6). Refused frames are counted as the rates are: an agent may be refused twenty bursts, and
 * as many a minute. Beyond that its connections are closed, and the counter stays used up for a minute, which `connect` reads.
 */
import { goAwayText } from '../../../protocol/index';
import type { Caller } from '../../shared/caller';
import { errorFields } from '../../shared/error-fields';
import type { Clock, ConnectionCloser, ConnectionSender, Logger, RateCounter } from '../../shared/ports';
import { agentRefusalSubject } from '../../shared/subjects';
import { RateShare, type Sampling } from './rate-limit';
import { putLast } from '../../shared/recently-used';

export interface FloodDependencies {
  readonly rateCounter: RateCounter;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ExpelDependencies extends FloodDependencies {
  readonly sender: ConnectionSender;
  readonly closer: ConnectionCloser;
}

const maxBursts = 20;
const windowSeconds = 60;
const blockMs = 60_000;
const postMs = 1_000;
const sampling: Sampling = { maxInterval: Infinity, unreportedShare: 0.05, maxAheadMs: 30_000 };

export class FloodGuard {
  private readonly shares = new Map<string, RateShare>();

  /** `burst`: frames that an agent may send at once. */
  constructor(
    private readonly deps: FloodDependencies,
    private readonly burst: number,
  ) {}

  /** Counts refused frames. Tells whether the agent has ignored too many refusals. Never fails. */
  async isFlood(
    { tenantId, agentId }: Pick<Caller, 'tenantId' | 'agentId'>,
    refused: number,
  ): Promise<boolean> {
    const now = this.deps.clock.now();
    const subject = agentRefusalSubject(tenantId, agentId);
    const share = this.shareOf(subject);
    const room = share.remainingAt(now);
    share.count(refused, refused, now);
    const report = share.reportIfDue(room, now);
    if (report !== undefined) {
      try {
        share.merge(await this.deps.rateCounter.add(subject, report));
      } catch (error) {
        this.deps.log.error('rate_not_counted', errorFields(error));
      }
    }
    return share.remainingAt(now) === 0;
  }

  private shareOf(subject: string): RateShare {
    const most = maxBursts * this.burst;
    const rate = { perSecond: most / windowSeconds, burst: most };
    const share = this.shares.get(subject) ?? new RateShare(rate, sampling, this.deps.clock.random());
    putLast(this.shares, subject, share);
    return share;
  }
}

/** Refuses new connections of the agent for a minute, and closes this one. Never throws. */
export async function expel(
  { rateCounter, clock, log, sender, closer }: ExpelDependencies,
  { tenantId, agentId, connectionId, level }: Caller,
): Promise<void> {
  const now = clock.now();
  const fields = { tenant_id: tenantId, agent_id: agentId, connection_id: connectionId };
  try {
    // Whatever it was, it is a minute from now: several connections of the agent may be closed.
    const block = { usedMs: blockMs, floor: now, ceiling: now, isIdle: true };
    await rateCounter.add(agentRefusalSubject(tenantId, agentId), block);
  } catch (error) {
    log.error('flood_not_blocked', { ...fields, ...errorFields(error) });
  }
  if (level > 0) await sender.post(connectionId, goAwayText('rate_limited', now), postMs);
  const outcome = await closer.close(connectionId);
  log.info('flood_disconnected', { ...fields, outcome });
}
