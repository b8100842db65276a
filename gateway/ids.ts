/**
 * Identifiers in the formats of AWS: random ones for connections and requests, and names derived from the stack,
 * which are the same after a restart.
 */
import { createHash, randomBytes } from 'node:crypto';

/** The format of a connection id. Other ids get 400. */
export const connectionIdShape = /^[A-Za-z0-9_-]{15}=$/;

/**
 * 11 random bytes in URL-safe base64 with its padding: ids of API Gateway end with it, so clients must percent-encode
 * them.
 */
export function platformId(): string {
  return `${randomBytes(11).toString('base64url')}=`;
}

export function traceId(now: number): string {
  const seconds = Math.floor(now / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')}`;
}

/** `length` lower-case letters and digits that depend on the seed only. */
export function derivedId(seed: string, length: number): string {
  const digest = createHash('sha256').update(seed).digest('hex');
  return BigInt(`0x${digest}`).toString(36).slice(0, length);
}

/** A UUID that depends on the seed only; KMS keys are named so. */
export function derivedUuid(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
