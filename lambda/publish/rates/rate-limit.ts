/**
 * The arithmetic of a rate with a burst, as one environment sees it. What is counted are frames, or units of work: one of them
 * uses up `1 / perSecond` of time. The time used up never lags behind now by more than the burst; where it is ahead of now,
 * nothing may go.
 */
import type { RateUse } from '../../shared/ports';

export interface Rate {
  /** 0 = no limit. */
  readonly perSecond: number;
  /** What may come at once after a rest. */
  readonly burst: number;
}

/** How a share reports. */
export interface Sampling {
  /** Counted per report at the most. */
  readonly maxInterval: number;
  /** Of the burst, what an environment admits at once before it reports. */
  readonly unreportedShare: number;
  /** A counter that is further ahead of now, in milliseconds and without the burst, was written by a wrong clock. */
  readonly maxAheadMs: number;
}

export const frameSampling: Omit<Sampling, 'maxInterval'> = { unreportedShare: 0.1, maxAheadMs: 30_000 };
/**
 * Work is reported when 5 % of the burst is unreported, however long that took: reports of many environments may come at once, and
 * must not use up the burst of a sender that has never exceeded its rate. One frame can cost more than its sender may use up in an hour.
 */
export function workSampling({ burst }: Rate): Sampling {
  const unreportedShare = 0.05;
  return { maxInterval: burst * unreportedShare, unreportedShare, maxAheadMs: 86_400_000 };
}

/** Environments that serve one sender at the same time; where there are more, the limit holds less exactly. */
const environments = 8;
/** The same where nothing is left of the burst: a sender at its limit must not cost a report per frame. */
const minUnreportedShare = 0.02;
/** Of the burst, what others may have been admitted without anybody knowing. */
const unknownShare = 0.4;
/** RAT-4: over half a minute the limit holds within a fifth, however much the environments have not reported yet. */
const window = { seconds: 30, share: 0.2 };
/** Frames per report at the least; a sender far below its limit costs no more than that. */
const minReportInterval = 10;

/**
 * One environment's share in the counting of one agent or tenant. It knows its own frames at once and those of other
 * environments from the last answer of the common counter; so it never refuses what a single counter would have admitted.
 */
export class RateShare {
  private readonly frameMs: number;
  private readonly reportInterval: number;
  /** Epoch milliseconds. */
  private usedUntil = -Infinity;
  /** Frames that the counter does not know, and where they alone would have got to from a rest. Below 0: it knows too many. */
  private unreported = 0;
  private unreportedUntil = -Infinity;
  /** Where the refused frames will have got to when they come again as they were told. */
  private promisedUntil = -Infinity;
  private framesSinceReport: number;
  private reportedAt = -Infinity;
  /** Whether the last answer told of frames that other environments have admitted. */
  private hasOtherEnvironments = false;

  /** `phase` (0 ≤ x < 1) spreads the first reports of environments that start together. */
  constructor(
    private readonly rate: Rate,
    private readonly sampling: Sampling,
    phase: number,
  ) {
    const { perSecond, burst } = rate;
    this.frameMs = 1_000 / perSecond;
    const unknown = window.share * (burst + window.seconds * perSecond);
    this.reportInterval = Math.min(
      sampling.maxInterval,
      Math.max(minReportInterval, Math.floor(unknown / environments)),
    );
    // Where a frame from each environment is much of the burst, the first one asks what the others have admitted.
    this.framesSinceReport =
      burst < environments * minReportInterval
        ? this.reportInterval - 1
        : Math.floor(phase * this.reportInterval);
  }

  /** How many frames may go. */
  remainingAt(now: number): number {
    const used = Math.max(this.usedUntil, this.floorAt(now));
    // The fraction forgives what floating point loses at epoch milliseconds.
    return Math.max(0, Math.floor((now - used) / this.frameMs + 0.01));
  }

  /** Frames have come, and the first `admitted` of them go. */
  count(frames: number, admitted: number, now: number): void {
    const floor = this.floorAt(now);
    this.framesSinceReport += frames;
    this.use(admitted, floor);
  }

  /** What was admitted has cost so much more than was counted, or less. */
  correct(difference: number, now: number): void {
    this.use(difference, this.floorAt(now));
  }

  /** What to report now, mostly nothing: the more often, the less is left of the burst. `room`: before the frames came. */
  reportIfDue(room: number, now: number): RateUse | undefined {
    if (this.unreported <= 0) return undefined;
    const level = (this.unreportedUntil - this.floorAt(now)) / this.frameMs;
    const share = room / environments;
    const { burst } = this.rate;
    const mayBeUntold =
      room < burst / 2
        ? Math.max(share, burst * minUnreportedShare)
        : Math.max(1, Math.min(burst * this.sampling.unreportedShare, share));
    const isDue =
      this.framesSinceReport >= this.reportInterval || level > mayBeUntold || this.mayBeBusyElsewhere(now);
    return isDue ? this.report(now) : undefined;
  }

  /**
   * A burst so small that one frame from each environment is more than all of it: where others are known to take part, the
   * environment counts in common as soon as its own part of the traffic could be one of many above half of the rate.
   */
  private mayBeBusyElsewhere(now: number): boolean {
    if (!this.hasOtherEnvironments || this.rate.burst >= 2 * environments) return false;
    return now - this.reportedAt < 2 * environments * this.unreported * this.frameMs;
  }

  /** All that the counter does not know, if only to hear what it knows. */
  report(now: number): RateUse {
    const usedMs = Math.max(0, this.unreported) * this.frameMs;
    // As if they had been counted when they came: a report that comes late must not count as a burst.
    const floor = usedMs === 0 ? this.floorAt(now) : this.unreportedUntil - usedMs;
    this.framesSinceReport = 0;
    this.reportedAt = now;
    this.unreported = Math.min(0, this.unreported);
    this.unreportedUntil = -Infinity;
    const ceiling = now + this.rate.burst * this.frameMs + this.sampling.maxAheadMs;
    return { usedMs, floor, ceiling, isIdle: this.usedUntil - usedMs < floor + this.frameMs / 2 };
  }

  /** The common counter's answer to a report. */
  merge(usedUntil: number): void {
    this.hasOtherEnvironments = usedUntil > this.usedUntil + this.frameMs / 2;
    this.usedUntil = Math.max(this.usedUntil, usedUntil);
  }

  /**
   * Frames are refused: how long until they may go, after those that were refused before, or as many as ever may. Frames that
   * others have been admitted, and this environment has not heard of, are allowed for.
   */
  waitMs(frames: number, now: number): number {
    const { burst } = this.rate;
    const used = Math.max(this.usedUntil, this.floorAt(now));
    const full = Math.max(used, now - burst * this.frameMs) + burst * this.frameMs;
    const promised = Math.max(this.promisedUntil, used) + frames * environments * this.frameMs;
    this.promisedUntil = Math.min(promised, full);
    return Math.max(1, Math.ceil(this.promisedUntil + burst * unknownShare * this.frameMs - now));
  }

  private use(frames: number, floor: number): void {
    if (frames === 0) return;
    this.usedUntil = Math.max(this.usedUntil, floor) + frames * this.frameMs;
    this.unreportedUntil = Math.max(this.unreportedUntil, floor) + frames * this.frameMs;
    this.unreported += frames;
  }

  /** Time that counts as used up at the least. */
  private floorAt(now: number): number {
    return now - this.rate.burst * this.frameMs;
  }
}
