/**
 * How it went with opening connections so far, and what follows from it: how long to wait before the next try, and when
 * there is no use in one.
 */
import { backoffMs } from '../shared/backoff';
import { type PubSubError, wantsToken } from '../shared/errors';
import type { PubSubOptions } from '../options';
import type { Timers } from '../shared/timers';

/** A drop after less than this is one more failure; after more it is a new one. */
const stableMs = 5_000;
/** A token may be refused for a while: clocks differ, a source hands out its old copy, a key is new. */
const maxRefusals = 5;
const refusalsMs = 30_000;
const refusedCapMs = 10_000;

export class Attempts {
  /** Tries without success; drops soon after a success count as well. */
  #failures = 0;
  #sinceWelcome = 0;
  /** In a row, and how long was waited between them. */
  #refusals = 0;
  #refusedMs = 0;
  #welcomedAt = 0;
  readonly #timers: Timers;
  readonly #options: Pick<PubSubOptions, 'token' | 'backoff'>;

  constructor(timers: Timers, options: Pick<PubSubOptions, 'token' | 'backoff'>) {
    this.#timers = timers;
    this.#options = options;
  }

  succeeded(): void {
    this.#sinceWelcome = 0;
    this.#accepted();
    this.#welcomedAt = this.#timers.now();
  }

  dropped(): void {
    this.#failures = this.#timers.now() - this.#welcomedAt >= stableMs ? 0 : this.#failures + 1;
  }

  /** Gives whether another try is of no use. */
  failed({ code }: PubSubError): boolean {
    this.#failures += 1;
    this.#sinceWelcome += 1;
    const isRefused = wantsToken(code) || code === 'forbidden';
    if (isRefused) this.#refusals += 1;
    else this.#accepted();
    const { token, backoff: { maxAttempts = Infinity } = {} } = this.#options;
    // A fresh token may be what was missing; a plain one stays what it is.
    const isLong = this.#refusals >= maxRefusals && this.#refusedMs >= refusalsMs;
    return (isRefused && (isLong || typeof token === 'string')) || this.#sinceWelcome >= maxAttempts;
  }

  /** The next try, counted from 1, and how long to wait before it. The service may ask for more. */
  nextTry({ retryAfterMs = 0 }: PubSubError): { readonly attempt: number; readonly delayMs: number } {
    const failed = Math.max(0, this.#failures - 1);
    let waitMs = backoffMs(failed, this.#timers, this.#options.backoff);
    if (this.#refusals > 0) waitMs = Math.min(waitMs, refusedCapMs);
    const delayMs = Math.max(retryAfterMs, waitMs);
    this.#refusedMs += this.#refusals > 0 ? delayMs : 0;
    return { attempt: failed + 1, delayMs };
  }

  /** The reason for the failures may be over. */
  afresh(): void {
    this.#failures = 0;
    this.#accepted();
  }

  /** A wait that nobody has asked for, so that clients that move together do not come together. */
  spreadMs(): number {
    return backoffMs(this.#failures, this.#timers);
  }

  #accepted(): void {
    this.#refusals = 0;
    this.#refusedMs = 0;
  }
}
