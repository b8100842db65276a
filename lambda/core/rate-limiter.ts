/**
 * Messages per second, per agent and per tenant, over environments that share nothing: each counts what it admits and tells a
 * common counter with every n-th frame that it sees. The answer says what the others have admitted.
 */
import { frameId, type ParsedFrame } from '../../protocol/index';
import type { Caller } from './caller';
import { errorFields } from './error-fields';
import type { Clock, Log, RateCounter } from './ports';
import { type Rate, RateShare } from './rate-limit';
import { agentRateSubject, tenantRateSubject } from './subjects';

export interface RateLimits {
  readonly agent: Rate;
  readonly tenant: Rate;
}

export interface RateLimiterDependencies {
  readonly rateCounter: RateCounter;
  readonly rateLimits: RateLimits;
  readonly clock: Clock;
  readonly log: Log;
}

/** What happens to the frames of one text message. */
export interface RateDecision {
  /** The first so many frames go. */
  readonly admitted: number;
  /** When the others may be sent again; 0 when there are none. */
  readonly retryAfterMs: number;
  /** Settles, without ever failing, when the common counter has been told, if it had to be. */
  readonly reported: Promise<unknown>;
}

/**
 * Frames seen per report. A report may take two writes (the counter had rested, or had not), so that together both
 * never cost more than 0.1 write per frame.
 */
const agentReportEvery = 25;
const tenantReportEvery = 100;
/** Shares and refusals that an environment remembers; the ones that were used longest ago are forgotten. */
const mostRemembered = 5_000;
/** Refusals of one agent make one log line in this time. */
const logEveryMs = 10_000;

interface Refusals {
  frames: number;
  loggedAt: number;
}

export class RateLimiter {
  private readonly shares = new Map<string, RateShare>();
  private readonly refusals = new Map<string, Refusals>();

  constructor(private readonly deps: RateLimiterDependencies) {}

  /** Call once per text message, before its frames are handled. Decides at once; only the report takes time. */
  decide({ tenantId, agentId }: Pick<Caller, 'tenantId' | 'agentId'>, frames: number): RateDecision {
    const { agent, tenant } = this.deps.rateLimits;
    const now = this.deps.clock.now();
    const shares = [
      this.share(agentRateSubject(tenantId, agentId), agent, agentReportEvery),
      this.share(tenantRateSubject(tenantId), tenant, tenantReportEvery),
    ].filter((each) => each !== undefined);
    const admitted = Math.min(frames, ...shares.map(({ share }) => share.roomAt(now)));
    const reports = shares.map(async ({ subject, share }) => {
      const isRested = share.isRestedAt(now);
      const usedMs = share.take(frames, admitted, now);
      if (usedMs > 0) await this.report(subject, share, { usedMs, floor: share.floorAt(now), isRested });
    });
    const refused = frames - admitted;
    if (refused > 0) this.note(tenantId, agentId, refused, now);
    return {
      admitted,
      retryAfterMs: refused === 0 ? 0 : Math.max(...shares.map(({ share }) => share.waitMs(refused, now))),
      reported: Promise.all(reports),
    };
  }

  private share(subject: string, rate: Rate, every: number) {
    if (rate.perSecond === 0) return undefined;
    const share = this.shares.get(subject) ?? new RateShare(rate, every, this.deps.clock.random());
    remember(this.shares, subject, share);
    return { subject, share };
  }

  private async report(
    subject: string,
    share: RateShare,
    use: { usedMs: number; floor: number; isRested: boolean },
  ): Promise<void> {
    try {
      share.learn(await this.deps.rateCounter.add(subject, use));
    } catch (error) {
      // Uncounted frames cost less than refused ones, and the environment still counts its own.
      this.deps.log.error('rate_not_counted', errorFields(error));
    }
  }

  /** One line for the first refusal, then one for all in every ten seconds: a flood must not become a flood of lines. */
  private note(tenantId: string, agentId: string, frames: number, now: number): void {
    const key = agentRateSubject(tenantId, agentId);
    const refusals = this.refusals.get(key) ?? { frames: 0, loggedAt: -Infinity };
    refusals.frames += frames;
    remember(this.refusals, key, refusals);
    if (now - refusals.loggedAt < logEveryMs) return;
    this.deps.log.info('rate_limited', { tenant_id: tenantId, agent_id: agentId, frames: refusals.frames });
    refusals.frames = 0;
    refusals.loggedAt = now;
  }
}

/**
 * The frames with those behind the admitted ones turned into errors. Frames without an id get no answer of their own, but
 * a text message none of whose refused frames has one gets a single error, so that no sender is left in the dark.
 */
export function refuseOverLimit(
  frames: readonly ParsedFrame[],
  { admitted, retryAfterMs }: RateDecision,
): readonly ParsedFrame[] {
  if (admitted === frames.length) return frames;
  const refused = frames.slice(admitted).map((parsed) => refusal(frameId(parsed), retryAfterMs));
  const named = refused.filter(({ error }) => error.messageId !== undefined);
  return [...frames.slice(0, admitted), ...(named.length > 0 ? named : refused.slice(0, 1))];
}

function refusal(messageId: string | number | undefined, retryAfterMs: number) {
  return { ok: false, error: { code: 'rate_limited', messageId, retryAfterMs } } as const;
}

/** Puts the entry last; the first one goes when there are too many. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= mostRemembered) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
