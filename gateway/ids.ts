/**
 * Identifiers in the shapes that AWS gives them: random ones for connections and requests,
 * and ones derived from the stack so that a restart finds the same names.
 */
import { createHash, randomBytes } from 'node:crypto';

/** What a connection id looks like; anything else is malformed and answered with 400. */
export const connectionIdShape = /^[A-Za-z0-9_-]{15}=$/;

/** 11 random bytes in URL-safe base64 with its padding: ids of API Gateway need percent-encoding because of it. */
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
