/**
 * The age of a signature: AWS refuses a request that is signed for a time more than five minutes from its own, and
 * returns its own time in `Date`. Source: AWS IAM user guide, "Troubleshoot Signature Version 4 signing".
 */
import type { IncomingHttpHeaders } from 'node:http';

const maxMs = 5 * 60_000;

/**
 * Whether the signing time of the request differs from `now`, epoch milliseconds. A request without a signing time
 * passes.
 */
export function isMistimed(headers: IncomingHttpHeaders, now: number): boolean {
  const [, day, time] = /^(\d{8})T(\d{6})Z$/.exec(String(headers['x-amz-date'])) ?? [];
  if (day === undefined || time === undefined) return false;
  const signedAt = Date.parse(
    `${day.replace(/(....)(..)/, '$1-$2-')}T${time.replace(/(..)(..)/, '$1:$2:')}Z`,
  );
  return Math.abs(now - signedAt) > maxMs;
}

/** For the header `Date`. */
export function httpDate(now: number): string {
  return new Date(now).toUTCString();
}
