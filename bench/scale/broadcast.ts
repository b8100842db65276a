/**
 * Simulates one message to the subscribers of one channel in one account and Region: a worker per chunk, each with
 * its slots, processor, retries and retry budget, and one token bucket for all.
 */
import { EventQueue } from './event-queue';
import type { Inputs } from './inputs';
import { lognormal, type Random } from './random';
import { TokenBucket } from './token-bucket';

export interface BroadcastOutcome {
  /** Posts that API Gateway accepted. */
  readonly delivered: number;
  /** Posts without further retries. Clients read these messages from the log after the next ping. */
  readonly leftToTheLog: number;
  readonly refusals: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lastMs: number;
}

/** As in `lambda/delivery`: concurrent posts, attempts per post, pauses, the retry budget. */
const slots = 200;
const attemptsPerPost = 4;
const firstPauseMs = 50;
const firstBudget = 50;
const budgetPerPost = 0.1;
const chunk = 1_000;

interface Worker {
  left: number;
  budget: number;
  /** The time when its processor is free. */
  freeAt: number;
}

interface Post {
  readonly worker: Worker;
  readonly attempt: number;
}

export function simulateBroadcast(subscribers: number, inputs: Inputs, random: Random): BroadcastOutcome {
  const bucket = new TokenBucket(inputs.requestsPerSecond, inputs.requestBurst);
  const queue = new EventQueue<Post>();
  const cpuMs = inputs.cpuMsPerPost / inputs.cpuShare;
  const times: number[] = [];
  let refusals = 0;
  let leftToTheLog = 0;

  const startPost = (worker: Worker, now: number): void => {
    if (worker.left === 0) return;
    worker.left -= 1;
    worker.budget += budgetPerPost;
    worker.freeAt = Math.max(worker.freeAt, now) + cpuMs;
    queue.add(worker.freeAt, { worker, attempt: 1 });
  };

  for (const worker of workersFor(subscribers, inputs, random)) {
    const startedAt = worker.freeAt;
    for (let slot = 0; slot < slots; slot++) startPost(worker, startedAt);
  }
  for (let next = queue.next(); next !== undefined; next = queue.next()) {
    const { worker, attempt } = next.event;
    const answeredAt = next.at + lognormal(random, inputs.postMs, 0.5);
    if (bucket.take(next.at)) {
      times.push(answeredAt);
      startPost(worker, answeredAt);
      continue;
    }
    refusals += 1;
    if (attempt < attemptsPerPost && worker.budget >= 1) {
      worker.budget -= 1;
      const pauseMs = random() * firstPauseMs * 2 ** attempt;
      queue.add(answeredAt + pauseMs, { worker, attempt: attempt + 1 });
    } else {
      leftToTheLog += 1;
      startPost(worker, answeredAt);
    }
  }
  return { delivered: times.length, leftToTheLog, refusals, ...latencies(times) };
}

/** One worker per chunk. The random start times are drawn in the order of the chunks. */
function* workersFor(subscribers: number, inputs: Inputs, random: Random): Generator<Worker> {
  for (let done = 0, started = 0; done < subscribers; done += chunk, started += 1) {
    // Above the concurrency quota, workers wait until Lambda scales up.
    const steps = Math.max(
      0,
      Math.ceil((started + 1 - inputs.concurrency) / inputs.concurrencyPerTenSeconds),
    );
    const freeAt = inputs.startMs * (0.5 + random()) + steps * 10_000;
    yield { left: Math.min(chunk, subscribers - done), budget: firstBudget, freeAt };
  }
}

function latencies(times: number[]): Pick<BroadcastOutcome, 'p50Ms' | 'p99Ms' | 'lastMs'> {
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? 0;
  return { p50Ms: at(0.5), p99Ms: at(0.99), lastMs: at(1) };
}
