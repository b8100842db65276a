/**
 * Messages and work per second, per agent and per tenant, over environments that share nothing: each counts what it admits and
 * reports samples to a common counter. The answer says what the others have admitted.
 */
import { frameId, type ParsedFrame } from '../../../protocol/index';
import type { Caller } from '../../shared/caller';
import { errorFields } from '../../shared/error-fields';
import type { Clock, Logger, RateCounter } from '../../shared/ports';
import {
  agentRateSubject,
  agentWorkSubject,
  tenantRateSubject,
  tenantWorkSubject,
} from '../../shared/subjects';
import { FloodGuard } from './flood-guard';
import { frameSampling, type Rate, RateShare, type Sampling, workSampling } from './rate-limit';
import { putLast } from '../../shared/recently-used';
import { RefusalLog } from './refusal-log';

export interface RateLimits {
  readonly agent: Rate;
  readonly tenant: Rate;
  /** In work units. */
  readonly agentWork: Rate;
  readonly tenantWork: Rate;
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
  /** What they were counted as, in work units. */
  readonly estimate: number;
  /** When they were counted, epoch milliseconds. */
  readonly countedAt: number;
  /** When the others may be sent again; 0 when there are none. */
  readonly retryAfterMs: number;
  /** RAT-6: the agent has ignored too many refusals. */
  readonly isFlood: boolean;
  /** Settles, without ever failing, when the common counter has been told, if it had to be. */
  readonly reported: Promise<unknown>;
}

type Sender = Pick<Caller, 'tenantId' | 'agentId'>;

/** Frames seen per report at the most: together both never cost more than 0.1 write per frame of a sender far below its limits. */
const agentReportEvery = 25;
const tenantReportEvery = 100;
/** What a refusal says is no older: a flood must not become a flood of questions. */
const minReportPauseMs = 100;

/** What was admitted elsewhere at the same moment is in the counter by then. */
const settleMs = 30;

interface Share {
  readonly subject: string;
  readonly share: RateShare;
  /** When the counter was asked last, on the monotonic clock. */
  reportedAt: number;
}

/** One text message at one share: what each frame counts, and what there was room for. */
interface Demand {
  readonly share: Share;
  readonly amounts: readonly number[];
  readonly room: number;
}

export class RateLimiter {
  private readonly frameShares = new Map<string, Share>();
  private readonly workShares = new Map<string, Share>();
  private readonly refusalLog: RefusalLog;
  private readonly floods: FloodGuard;

  constructor(private readonly deps: RateLimiterDependencies) {
    this.refusalLog = new RefusalLog(deps.log);
    this.floods = new FloodGuard(deps, deps.rateLimits.agent.burst);
  }

  /**
   * RAT-1, RAT-5. Call once per text message, before its frames are handled, with what each of them will cost at least, in work units.
   * Takes time only where frames are refused.
   */
  async decide(sender: Sender, estimates: readonly number[]): Promise<RateDecision> {
    const now = this.deps.clock.now();
    const frames = estimates.map(() => 1);
    const demands = [
      ...this.framesOf(sender).map((share) => demandOf(share, frames, now)),
      ...this.workOf(sender).map((share) => demandOf(share, estimates, now)),
    ];
    const admitted = Math.min(estimates.length, ...demands.map(countAdmitted));
    const refused = estimates.length - admitted;
    const reported = Promise.all(demands.map((demand) => this.count(demand, admitted, now)));
    const estimate = sum(estimates.slice(0, admitted));
    const decision = { admitted, estimate, countedAt: now, reported };
    if (refused === 0) return { ...decision, retryAfterMs: 0, isFlood: false };
    this.refusalLog.add(sender.tenantId, sender.agentId, refused, now);
    // Other environments have admitted frames that this one does not know of.
    const [isFlood] = await Promise.all([this.floods.isFlood(sender, refused), reported]);
    const waits = demands.map(({ share, amounts }) => share.share.waitMs(sum(amounts.slice(admitted)), now));
    return { ...decision, retryAfterMs: Math.max(...waits), isFlood };
  }

  /** RAT-5: what the admitted frames have really cost. Settles, without ever failing, when that is reported, if it has to be. */
  async charge(
    sender: Sender,
    { admitted, estimate, countedAt }: Pick<RateDecision, 'admitted' | 'estimate' | 'countedAt'>,
    units: number,
  ): Promise<void> {
    if (admitted === 0) return;
    await Promise.all(
      this.workOf(sender).map(async (each) => {
        // As of the frames' own time: the next frames may have been sent long before these were done.
        each.share.correct(units - estimate, countedAt);
        await this.report(each, each.share.reportIfDue(each.share.remainingAt(countedAt), countedAt));
      }),
    );
  }

  private framesOf({ tenantId, agentId }: Sender): readonly Share[] {
    const { agent, tenant } = this.deps.rateLimits;
    const shares = [
      this.share(this.frameShares, agentRateSubject(tenantId, agentId), agent, {
        ...frameSampling,
        maxInterval: agentReportEvery,
      }),
      this.share(this.frameShares, tenantRateSubject(tenantId), tenant, {
        ...frameSampling,
        maxInterval: tenantReportEvery,
      }),
    ];
    return shares.filter((each) => each !== undefined);
  }

  private workOf({ tenantId, agentId }: Sender): readonly Share[] {
    const { agentWork, tenantWork } = this.deps.rateLimits;
    const shares = [
      this.share(this.workShares, agentWorkSubject(tenantId, agentId), agentWork, workSampling(agentWork)),
      this.share(this.workShares, tenantWorkSubject(tenantId), tenantWork, workSampling(tenantWork)),
    ];
    return shares.filter((each) => each !== undefined);
  }

  private share(
    shares: Map<string, Share>,
    subject: string,
    rate: Rate,
    sampling: Sampling,
  ): Share | undefined {
    if (rate.perSecond === 0) return undefined;
    const share = shares.get(subject) ?? {
      subject,
      share: new RateShare(rate, sampling, this.deps.clock.random()),
      reportedAt: -Infinity,
    };
    putLast(shares, subject, share);
    return share;
  }

  /** Counts the frames, and reports what has to be: all there is before a refusal, so that its answer says when to come again. */
  private async count({ share: each, amounts, room }: Demand, admitted: number, now: number): Promise<void> {
    const { share } = each;
    const wanted = sum(amounts);
    share.count(wanted, sum(amounts.slice(0, admitted)), now);
    const moment = this.deps.clock.monotonic();
    const mustAsk = room < wanted && moment - each.reportedAt >= minReportPauseMs;
    if (mustAsk) {
      each.reportedAt = moment;
      await this.deps.clock.sleep(settleMs);
    }
    await this.report(each, mustAsk ? share.report(now) : share.reportIfDue(room, now));
  }

  private async report(
    { share, subject }: Share,
    report: ReturnType<RateShare['reportIfDue']>,
  ): Promise<void> {
    if (report === undefined) return;
    try {
      share.merge(await this.deps.rateCounter.add(subject, report));
    } catch (error) {
      // Uncounted frames cost less than refused ones, and the environment still counts its own.
      this.deps.log.error('rate_not_counted', errorFields(error));
    }
  }
}

function demandOf(share: Share, amounts: readonly number[], now: number): Demand {
  return { share, amounts, room: share.share.remainingAt(now) };
}

function countAdmitted({ amounts, room }: Demand): number {
  let left = room;
  const first = amounts.findIndex((amount) => (left -= amount) < 0);
  return first === -1 ? amounts.length : first;
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}

/**
 * Replaces the frames after the admitted ones by errors (RAT-2). A refused frame without an id gets no error of its own; when
 * no refused frame has an id, the text message gets a single error (RAT-3).
 */
export function refuseOverLimit(
  frames: readonly ParsedFrame[],
  { admitted, retryAfterMs }: Pick<RateDecision, 'admitted' | 'retryAfterMs'>,
): readonly ParsedFrame[] {
  if (admitted === frames.length) return frames;
  const refused = frames.slice(admitted).map((parsed) => refusal(frameId(parsed), retryAfterMs));
  const named = refused.filter(({ error }) => error.messageId !== undefined);
  return [...frames.slice(0, admitted), ...(named.length > 0 ? named : refused.slice(0, 1))];
}

function refusal(messageId: unknown, retryAfterMs: number) {
  return { ok: false, error: { code: 'rate_limited', messageId, retryAfterMs } } as const;
}
