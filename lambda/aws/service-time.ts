/**
 * What time it is at AWS, as its answers say. Requests are signed for it: a signature that is five minutes off is refused,
 * however right the rest of the machine is.
 */
import type { Clock } from '../shared/ports';
import { systemClock } from './system-clock';

/** Between a signature and the time at AWS; AWS allows five minutes. */
const maxSkewMs = 4 * 60_000;
/** `Date` is in whole seconds, and an answer may be on its way for some. */
const minCorrectionMs = 5_000;

export class ServiceTime {
  private offsetMs = 0;

  constructor(private readonly machine: Pick<Clock, 'now'> = systemClock) {}

  /** Epoch milliseconds; before the first answer as the machine says. */
  now(): number {
    return this.machine.now() + this.offsetMs;
  }

  /** `date`: the header of an answer to a request that was signed for `signedAt`. Tells whether that was too far off. */
  synchronize(date: string | undefined, signedAt: number): boolean {
    const at = date === undefined ? NaN : Date.parse(date);
    if (Number.isNaN(at)) return false;
    if (Math.abs(at - this.now()) > minCorrectionMs) this.offsetMs = at - this.machine.now();
    return Math.abs(at - signedAt) > maxSkewMs;
  }
}

/** All services have the same time: what one answer tells is used for the next request to any of them. */
export const serviceTime = new ServiceTime();

/**
 * For the step `initialize` of a client of the AWS SDK. The SDK learns the time from the answer that refuses its signature, and
 * leaves it to its retries to use it; there are none for a clock that has been set right meanwhile, nor for one attempt only.
 * The refused call has done nothing: one more is still the first.
 */
export function retryClockSkew<Args, Result>(next: (args: Args) => Promise<Result>) {
  return async (args: Args): Promise<Result> => {
    try {
      return await next(args);
    } catch (error) {
      if (!isClockSkewError(error)) throw error;
      return next(args);
    }
  };
}

/** What AWS calls a signature of another time. One that is wrong for another reason fails the second time as well. */
const clockSkewErrors: ReadonlySet<string> = new Set(['InvalidSignatureException', 'RequestExpired']);

function isClockSkewError(error: unknown): boolean {
  return error instanceof Error && clockSkewErrors.has(error.name);
}

/** Whether the service may have refused the request for its time; nothing has happened then, and it may be made again. */
export function mayBeClockSkew(status: number | undefined): boolean {
  return status === 403 || status === 400;
}
