/**
 * Which faults happen in a schedule, and how often: drawn once per schedule, so that some schedules suffer much of few
 * kinds and others a little of all.
 */

export const kinds = [
  'store error before',
  'store error after',
  'store throttle',
  'store delay',
  'store hang before',
  'store hang after',
  'store late write',
  'store duplicate',
  'store stale',
  'store split',
  'store empty page',
  'post gone',
  'post throttled',
  'post failed before',
  'post failed after',
  'post lost before',
  'post lost after',
  'post duplicate',
  'post delay',
  'status unknown',
  'status gone',
  'invoke error',
  'invoke duplicate',
  'invoke lost',
  'kill before',
  'kill after',
  'event delay',
  'event duplicate now',
  'event duplicate later',
  'event lost',
  'disconnect lost',
  'disconnect late',
  'socket dropped',
  'socket vanished',
  'clock skew',
  'post storm',
] as const;
export type Kind = (typeof kinds)[number];

export type Counts = Map<Kind, number>;

const rates = [0, 0, 0.01, 0.03, 0.1, 0.25];
/** Kinds that end everything they touch, or cost much time, are rarer. */
const rare: ReadonlySet<Kind> = new Set([
  'kill before',
  'kill after',
  'store hang before',
  'store hang after',
  'store late write',
  'post lost before',
  'post lost after',
  'status gone',
  'event lost',
]);

export class Chaos {
  /** No fault any more. */
  isCalm = false;
  fired = 0;
  /** Kinds that happen every time, also when all is calm. */
  readonly forced = new Set<Kind>();
  /** Until then no post is taken: the account's rate is used up. */
  stormUntil = 0;
  private readonly rate = new Map<Kind, number>();

  constructor(
    private readonly random: () => number,
    private readonly counts: Counts,
  ) {
    for (const kind of kinds) {
      const rate = rates[Math.floor(random() * rates.length)] ?? 0;
      this.rate.set(kind, rare.has(kind) ? rate / 5 : rate);
    }
  }

  hits(kind: Kind): boolean {
    const isForced = this.forced.has(kind);
    if (!isForced && (this.isCalm || this.random() >= (this.rate.get(kind) ?? 0))) return false;
    this.note(kind);
    return true;
  }

  /** The first of the kinds that hits. */
  pick(...candidates: readonly Kind[]): Kind | undefined {
    return candidates.find((kind) => this.hits(kind));
  }

  note(kind: Kind): void {
    this.fired += 1;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}
