/**
 * Checks signature, issuer and audience of a token with aws-jwt-verify. Its times are checked in `agents/authorize.ts`, by the
 * platform's clock: the library knows the machine's only.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { JwtVerifier } from 'aws-jwt-verify';
import {
  FetchError,
  JwksValidationError,
  JwkValidationError,
  WaitPeriodNotYetEndedJwkError,
} from 'aws-jwt-verify/error';
import type { Jwk } from 'aws-jwt-verify/jwk';
import type { TokenVerifier, VerifiedClaims } from '../shared/ports';

interface Expected {
  readonly issuer: string;
  readonly audience: string;
}

/** More seconds than any claim can be off: the library finds every time good. */
const graceSeconds = Number.MAX_SAFE_INTEGER;

/** Tokens of an OIDC issuer (Cognito, Auth0, …), checked with the keys that it publishes. */
export function oidcTokenVerifier({ issuer, audience }: Expected, jwksUri: string): TokenVerifier {
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri, graceSeconds });
  return {
    verify: (unverifiedToken) => claimsOf(unverifiedToken, () => verifier.verify(unverifiedToken)),
  };
}

/** Tokens signed with the deployment's own key. `getKey` is called once, and again only while it fails. */
export function builtInTokenVerifier(
  { issuer, audience }: Expected,
  getKey: () => Promise<KeyObject>,
): TokenVerifier {
  // The address is never called: the cache holds the only key there is.
  const create = async () => {
    const verifier = JwtVerifier.create({ issuer, audience, jwksUri: 'https://keys.invalid/', graceSeconds });
    verifier.cacheJwks({ keys: [jwkOf(await getKey())] });
    return verifier;
  };
  let ready: ReturnType<typeof create> | undefined;
  return {
    verify: async (unverifiedToken) => {
      ready ??= create();
      let verifier;
      try {
        verifier = await ready;
      } catch (error) {
        ready = undefined;
        throw error;
      }
      return claimsOf(unverifiedToken, async () => Promise.resolve(verifier.verifySync(unverifiedToken)));
    },
  };
}

/** RFC 7515 writes no padding; the library would forgive it, and every other stray character. */
const compactJwt = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

async function claimsOf(
  unverifiedToken: string,
  verify: () => Promise<unknown>,
): Promise<VerifiedClaims | undefined> {
  if (!compactJwt.test(unverifiedToken) || !isSpelledAsWritten(unverifiedToken)) return undefined;
  try {
    return (await verify()) as VerifiedClaims;
  } catch (error) {
    // Keys that can't be had say nothing about the token. Everything else is the fault of its bytes.
    const isAboutKeys = [
      FetchError,
      JwksValidationError,
      JwkValidationError,
      WaitPeriodNotYetEndedJwkError,
    ].some((kind) => error instanceof kind);
    if (isAboutKeys) throw error;
    return undefined;
  }
}

/** Header and claims are signed as text; the signature itself could be spelled in several ways, of which one is right. */
function isSpelledAsWritten(unverifiedToken: string): boolean {
  const signature = unverifiedToken.slice(unverifiedToken.lastIndexOf('.') + 1);
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}

/** The key as a JWK, named by its RFC 7638 thumbprint. */
function jwkOf(key: KeyObject): Jwk {
  const { kty, crv, x, y } = key.export({ format: 'jwk' });
  if (kty !== 'EC' || crv !== 'P-256' || x === undefined || y === undefined)
    throw new Error('Not a P-256 key');
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' };
}
