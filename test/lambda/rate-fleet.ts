/**
 * Environments as the platform runs them: one text message at a time each, the one that was used last first, a new one while
 * all are busy; calls to the common counter take their time.
 */
import { MemoryRateCounter } from '../doubles/memory-rate-counter';
import type { RateCounter } from '../../lambda/shared/ports';
import { RateLimiter, type RateLimits } from '../../lambda/publish/rates/rate-limiter';
import { VirtualTime } from '../faults/memory/virtual-time';
import { FakeLog } from './world';

export interface Refusal {
  readonly refused: number;
  readonly retryAfterMs: number;
}

/** Chance that is the same in each run. */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export class RateFleet {
  readonly time: VirtualTime;
  reports = 0;
  private readonly random: () => number;
  private readonly counter = new MemoryRateCounter();
  private readonly idle: RateLimiter[] = [];
  private readonly waiting: (() => void)[] = [];
  private started = 0;

  constructor(
    private readonly rateLimits: RateLimits,
    private readonly most: number,
    seed: number,
    /** What a frame costs, in work units. */
    private readonly frameCost = 1,
  ) {
    this.random = chance(seed);
    this.time = new VirtualTime(this.random);
  }

  /** One text message. */
  async send(agentId: string, frames: number): Promise<Refusal> {
    await this.pause(5);
    const limiter = await this.environment();
    const costs = Array<number>(frames).fill(this.frameCost);
    const decision = await limiter.decide({ tenantId: 't', agentId }, costs);
    await this.pause(20);
    void decision.reported.then(() => {
      this.idle.push(limiter);
      this.waiting.shift()?.();
    });
    return { refused: frames - decision.admitted, retryAfterMs: decision.retryAfterMs };
  }

  /** As many frames at once, in text messages of `batch`. */
  async flood(agentId: string, frames: number, batch: number): Promise<Refusal> {
    const sizes = Array.from({ length: Math.ceil(frames / batch) }, (_, n) =>
      Math.min(batch, frames - n * batch),
    );
    const refusals = await Promise.all(sizes.map((size) => this.send(agentId, size)));
    return {
      refused: refusals.reduce((sum, { refused }) => sum + refused, 0),
      retryAfterMs: Math.max(...refusals.map(({ retryAfterMs }) => retryAfterMs)),
    };
  }

  /** Lets time pass until the work is done. */
  async run<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false;
    const ended = work.finally(() => (isDone = true));
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- set above, by the work
    while (!isDone) await this.time.runUntil(this.time.now() + 500);
    return ended;
  }

  private async environment(): Promise<RateLimiter> {
    for (;;) {
      const limiter = this.idle.pop();
      if (limiter !== undefined) return limiter;
      if (this.started < this.most) return this.start();
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  private start(): RateLimiter {
    this.started += 1;
    const { time, random } = this;
    const rateCounter: RateCounter = {
      usedUntil: (subject) => this.counter.usedUntil(subject),
      add: async (subject, use) => {
        this.reports += 1;
        await this.pause(6);
        const usedUntil = await this.counter.add(subject, use);
        await this.pause(4);
        return usedUntil;
      },
    };
    const clock = {
      now: () => time.now(),
      monotonic: () => time.now(),
      sleep: (ms: number) => time.sleep(ms),
      random,
    };
    return new RateLimiter({ rateCounter, rateLimits: this.rateLimits, clock, log: new FakeLog() });
  }

  private pause(maxMs: number): Promise<void> {
    return this.time.sleep(1 + this.random() * maxMs);
  }
}
