/** What happened in each second of the last five minutes, for the plots. */
import { signal } from '@preact/signals';

export const span = 300;

export interface Sample {
  /** Epoch seconds. */
  readonly at: number;
  /** Messages that this page received. */
  readonly seen: number;
  /** From the laptop gateway: text messages in and out, a second. */
  readonly in: number | null;
  readonly out: number | null;
  readonly ackP50: number | null;
  readonly ackP95: number | null;
  readonly deliveryP50: number | null;
  readonly deliveryP95: number | null;
  readonly errors: number;
  readonly dollarsPerHour: number | null;
}

export const samples = signal<readonly Sample[]>([]);

/** What is known of the second that is under way. */
class Second {
  seen = 0;
  errors = 0;
  readonly acks: number[] = [];
  readonly deliveries: number[] = [];
}

let second = new Second();

/** The latest rates of the laptop gateway. */
export interface Rates {
  readonly in: number;
  readonly out: number;
  readonly dollarsPerHour: number;
}

let rates: Rates | undefined;

export function noteRates(given: Rates | undefined): void {
  rates = given;
}

export function noteSeen(): void {
  second.seen += 1;
}

export function noteDelivery(ms: number): void {
  second.deliveries.push(Math.max(0, ms));
}

export function noteAck(ms: number): void {
  second.acks.push(ms);
}

export function noteError(): void {
  second.errors += 1;
}

/** Ends the second. */
export function tick(now = Date.now()): void {
  const { seen, errors, acks, deliveries } = second;
  second = new Second();
  const sample: Sample = {
    at: Math.floor(now / 1_000),
    seen,
    in: rates?.in ?? null,
    out: rates?.out ?? null,
    ackP50: quantile(acks, 0.5),
    ackP95: quantile(acks, 0.95),
    deliveryP50: quantile(deliveries, 0.5),
    deliveryP95: quantile(deliveries, 0.95),
    errors,
    dollarsPerHour: rates?.dollarsPerHour ?? null,
  };
  samples.value = [...samples.value.slice(1 - span), sample];
}

export function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}

/** The largest value of the last `seconds`, and the newest that is known. */
export function lately(pick: (sample: Sample) => number | null, seconds = 10): number | null {
  return samples.value
    .slice(-seconds)
    .reduceRight<number | null>((found, sample) => found ?? pick(sample), null);
}
