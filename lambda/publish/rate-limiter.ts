/**
 * Messages per second, per agent and per tenant, over environments that share nothing: each counts what it admits and tells a
 * common counter with every n-th frame that it sees. The answer says what the others have admitted.
 */
import { frameId, type ParsedFrame } from '../../protocol/index';
import type { Caller } from '../shared/caller';
import { errorFields } from '../shared/error-fields';
import type { Clock, Logger, RateCounter } from '../shared/ports';
import { type Rate, RateShare } from './rate-limit';
import { agentRateSubject, tenantRateSubject } from '../shared/subjects';

export interface RateLimits {
  readonly agent: Rate;
  readonly tenant: Rate;
}

export interface RateLimiterDependencies {
  readonly rateCounter: RateCounter;
  readonly rateLimits: RateLimits;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What happens to the frames of one text message. */
export interface RateDecision {
  /** How many frames, from the first, are admitted. */
  readonly admitted: number;
  /** When the others may be sent again; 0 when there are none. */
  readonly retryAfterMs: number;
  /** Settles, without ever failing, when the common counter has been told, if it had to be. */
  readonly reported: Promise<unknown>;
}

/** Frames seen per report at the most: together both never cost more than 0.1 write per frame of a sender far below its limits. */
const agentReportEvery = 25;
const tenantReportEvery = 100;
/** Shares and refusals that an environment remembers; the ones that were used longest ago are forgotten. */
const maxRemembered = 5_000;
/** Refusals of one agent make one log line in this time. */
const logEveryMs = 10_000;
/** What a refusal says is no older: a flood must not become a flood of questions. */
const minReportPauseMs = 100;

/** What was admitted elsewhere at the same moment is in the counter by then. */
const settleMs = 30;

interface Refusals {
  frames: number;
  loggedAt: number;
}

interface Share {
  readonly subject: string;
  readonly share: RateShare;
  /** When the counter was asked last, on the monotonic clock. */
  reportedAt: number;
}

export class RateLimiter {
  private readonly shares = new Map<string, Share>();
  private readonly refusals = new Map<string, Refusals>();

  constructor(private readonly deps: RateLimiterDependencies) {}

  /** RAT-1. Call once per text message, before its frames are handled. Takes time only where frames are refused. */
  async decide(
    { tenantId, agentId }: Pick<Caller, 'tenantId' | 'agentId'>,
    frames: number,
  ): Promise<RateDecision> {
    const { agent, tenant } = this.deps.rateLimits;
    const now = this.deps.clock.now();
    const shares = [
      this.share(agentRateSubject(tenantId, agentId), agent, agentReportEvery),
      this.share(tenantRateSubject(tenantId), tenant, tenantReportEvery),
    ].filter((each) => each !== undefined);
    const rooms = shares.map(({ share }) => share.remainingAt(now));
    const admitted = Math.min(frames, ...rooms);
    const refused = frames - admitted;
    const reports = shares.map((each, index) =>
      this.count(each, rooms[index] ?? 0, { frames, admitted, now }),
    );
    const reported = Promise.all(reports);
    if (refused === 0) return { admitted, retryAfterMs: 0, reported };
    this.logRefusal(tenantId, agentId, refused, now);
    // Other environments have admitted frames that this one does not know of.
    await reported;
    return {
      admitted,
      retryAfterMs: Math.max(...shares.map(({ share }) => share.waitMs(refused, now))),
      reported,
    };
  }

  private share(subject: string, rate: Rate, every: number): Share | undefined {
    if (rate.perSecond === 0) return undefined;
    const share = this.shares.get(subject) ?? {
      subject,
      share: new RateShare(rate, every, this.deps.clock.random()),
      reportedAt: -Infinity,
    };
    putLast(this.shares, subject, share);
    return share;
  }

  /** Counts the frames, and reports what has to be: all there is before a refusal, so that its answer says when to come again. */
  private async count(
    each: Share,
    room: number,
    { frames, admitted, now }: { readonly frames: number; readonly admitted: number; readonly now: number },
  ): Promise<void> {
    const { share } = each;
    share.count(frames, admitted, now);
    const moment = this.deps.clock.monotonic();
    const mustAsk = room < frames && moment - each.reportedAt >= minReportPauseMs;
    if (mustAsk) {
      each.reportedAt = moment;
      await this.deps.clock.sleep(settleMs);
    }
    const report = mustAsk ? share.report(now) : share.reportIfDue(room, now);
    if (report === undefined) return;
    try {
      share.merge(await this.deps.rateCounter.add(each.subject, report));
    } catch (error) {
      // Uncounted frames cost less than refused ones, and the environment still counts its own.
      this.deps.log.error('rate_not_counted', errorFields(error));
    }
  }

  /** One line for the first refusal, then one for all in every ten seconds: a flood must not become a flood of lines. */
  private logRefusal(tenantId: string, agentId: string, frames: number, now: number): void {
    const key = agentRateSubject(tenantId, agentId);
    const refusals = this.refusals.get(key) ?? { frames: 0, loggedAt: -Infinity };
    refusals.frames += frames;
    putLast(this.refusals, key, refusals);
    if (now - refusals.loggedAt < logEveryMs) return;
    this.deps.log.info('rate_limited', { tenant_id: tenantId, agent_id: agentId, frames: refusals.frames });
    refusals.frames = 0;
    refusals.loggedAt = now;
  }
}

/**
 * Replaces the frames after the admitted ones by errors (RAT-2). A refused frame without an id gets no error of its own; when
 * no refused frame has an id, the text message gets a single error (RAT-3).
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

function refusal(messageId: unknown, retryAfterMs: number) {
  return { ok: false, error: { code: 'rate_limited', messageId, retryAfterMs } } as const;
}

/** Puts the entry last; the first one goes when there are too many. */
function putLast<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxRemembered) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
