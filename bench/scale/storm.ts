/**
 * Simulates a reconnect storm: all clients reconnect at the same time through one token bucket, with the back-off of
 * our client (full jitter, 1 s doubling to 30 s).
 */
import { EventQueue } from './event-queue';
import type { Inputs } from './inputs';
import type { Random } from './random';
import { TokenBucket } from './token-bucket';

export interface StormOutcome {
  readonly refusals: number;
  readonly halfS: number;
  readonly p99S: number;
  readonly lastS: number;
}

const baseMs = 1_000;
const capMs = 30_000;

export function simulateStorm(clients: number, inputs: Inputs, random: Random): StormOutcome {
  const bucket = new TokenBucket(inputs.connectsPerSecond, inputs.connectBurst);
  const queue = new EventQueue<number>();
  const times: number[] = [];
  let refusals = 0;
  const pause = (attempt: number): number => random() * Math.min(capMs, baseMs * 2 ** attempt);
  for (let client = 0; client < clients; client++) queue.add(pause(0), 0);
  for (let next = queue.next(); next !== undefined; next = queue.next()) {
    const { at, event: attempt } = next;
    if (bucket.take(at)) times.push(at);
    else {
      refusals += 1;
      queue.add(at + pause(attempt + 1), Math.min(attempt + 1, 10));
    }
  }
  const seconds = (share: number): number =>
    (times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? 0) / 1_000;
  return { refusals, halfS: seconds(0.5), p99S: seconds(0.99), lastS: seconds(1) };
}
