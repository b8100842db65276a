/**
 * When a connection has to be replaced by a new one: before the platform cuts it, and before its token expires.
 */

const lifetimeMs = 2 * 3_600_000;
const lifetimeMarginMs = 10 * 60_000;
const tokenMarginMs = 60_000;
/** Tokens that are short-lived must not make us spin. */
const minMs = 5_000;

/**
 * Milliseconds from now, for a connection that has just been opened. Spread by chance, so that clients that came together
 * do not go together.
 */
export function replaceInMs(tokenLifeMs: number | undefined, random: number): number {
  const byAge = lifetimeMs - lifetimeMarginMs * (1 + random);
  const byToken =
    tokenLifeMs === undefined
      ? Infinity
      : tokenLifeMs - Math.min(tokenMarginMs, tokenLifeMs * 0.2) * (1 + random);
  return Math.max(minMs, Math.min(byAge, byToken));
}
