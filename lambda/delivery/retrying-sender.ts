/**
 * Posts with retries: jittered, bounded per post and by a budget that all posts of one invocation share,
 * so that a throttled account is not hit harder the more it throttles.
 */
import type { Deadline } from '../shared/deadline';
import { type DeliveryOutcome, isWorthRetrying } from '../shared/delivery-outcome';
import type { Clock, ConnectionSender } from '../shared/ports';

const attemptsPerPost = 4;
const firstPauseMs = 50;
/** Posts to vanished peers have been seen to hang for good. */
const maxPostMs = 1_000;
/** What a post that begins just before the deadline may still take. */
const lastPostMs = 400;

/** Retries that one invocation may spend: enough for a hiccup, a fraction of a wide fan-out. */
export class RetryBudget {
  private left = 50;

  /** Each post earns a tenth of a retry. */
  earn(): void {
    this.left += 0.1;
  }

  take(): boolean {
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}

/** What the platform's sockets carry: a post that waits for a socket would use up its timer before it is sent. */
const postConcurrency = 200;

export class RetryingSender {
  private inFlight = 0;
  private readonly waiting: (() => void)[] = [];
  private slowest: number | undefined;

  constructor(
    private readonly sender: ConnectionSender,
    private readonly clock: Clock,
    private readonly deadline: Deadline,
    private readonly budget = new RetryBudget(),
  ) {}

  /** Milliseconds of the slowest attempt; absent before the first. */
  get slowestMs(): number | undefined {
    return this.slowest;
  }

  /** Once at least, even when the time is up: answers are for somebody who waits. */
  post(connectionId: string, text: string): Promise<DeliveryOutcome> {
    return this.withRetries(() => this.inTurn(() => this.send(connectionId, text)));
  }

  /** `late`: not sent, as its turn came after the deadline. */
  postInTime(connectionId: string, text: string): Promise<DeliveryOutcome | 'late'> {
    return this.withRetries(() =>
      this.inTurn<DeliveryOutcome | 'late'>(() =>
        this.deadline.hasPassed ? Promise.resolve('late') : this.send(connectionId, text),
      ),
    );
  }

  private async withRetries<T extends DeliveryOutcome | 'late'>(once: () => Promise<T>): Promise<T> {
    this.budget.earn();
    for (let attempt = 1; ; attempt++) {
      const outcome = await once();
      if (outcome === 'late' || !isWorthRetrying(outcome) || attempt >= attemptsPerPost) return outcome;
      const pauseMs = this.clock.random() * firstPauseMs * 2 ** attempt;
      if (pauseMs >= this.deadline.remainingMs || !this.budget.take()) return outcome;
      await this.clock.sleep(pauseMs);
    }
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.inFlight >= postConcurrency) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.inFlight += 1;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      // The next post in the queue takes the place.
      if (next === undefined) this.inFlight -= 1;
      else next();
    }
  }

  private async send(connectionId: string, text: string): Promise<DeliveryOutcome> {
    const leftMs = this.deadline.remainingMs + lastPostMs;
    const timeoutMs = Math.min(maxPostMs, Math.max(lastPostMs, leftMs / 2));
    // Sockets open slowly in a new environment. A post that waits for one loses nothing but time.
    const waitMs = Math.max(lastPostMs, leftMs - timeoutMs);
    const startedAt = this.clock.monotonic();
    const outcome = await this.sender.post(connectionId, text, timeoutMs, waitMs);
    this.slowest = Math.max(this.slowest ?? 0, this.clock.monotonic() - startedAt);
    return outcome;
  }
}
