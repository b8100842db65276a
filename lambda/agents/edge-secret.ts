/** Tells requests that came through the edge from those that went past it. */
import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Whether a request shows one of the secrets, the current one or the previous one. `shown`: all values of its header. Takes as
 * long for a wrong value as for a right one.
 */
export function showsEdgeSecret(shown: readonly string[], secrets: readonly string[]): boolean {
  const digests = secrets.map(digestOf);
  const [only = '', ...more] = shown.map(digestOf);
  const matching = digests.filter((digest) => only !== '' && timingSafeEqual(digest, only));
  return more.length === 0 && matching.length > 0;
}

/** Of one length, whatever a stranger sends. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
