/**
 * Checks signature, issuer, audience and header of a token with aws-jwt-verify. Its times are checked in
 * `agents/authorize.ts`, by the platform's clock: the library knows the machine's only.
 */
import { createHash, type KeyObject } from 'node:crypto';
import {
  FailedAssertionError,
  JwtInvalidAudienceError,
  JwtInvalidIssuerError,
  JwtInvalidSignatureAlgorithmError,
  JwtInvalidSignatureError,
} from 'aws-jwt-verify/error';
import { decomposeUnverifiedJwt } from 'aws-jwt-verify/jwt';
import type { Jwk, Jwks } from 'aws-jwt-verify/jwk';
import { verifyJwtSync } from 'aws-jwt-verify/jwt-verifier';
import type { TokenVerifier } from '../../shared/ports';
import type { KeySource } from './issuer-keys';

/** What a token must say. Members that are absent are not checked. */
export interface TokenTerms {
  readonly issuer: string;
  /** `null`: not checked. Some issuers write none, and say with `clientId` whom a token is for. */
  readonly audience: string | null;
  /** The claim `client_id`, or `azp` where there is none. */
  readonly clientId?: string | undefined;
  /** The claim `token_use` of Cognito. */
  readonly tokenUse?: string | undefined;
  /** The header `typ`, in any case. */
  readonly types?: readonly string[] | undefined;
  /** The header `alg`. */
  readonly algorithms?: readonly string[] | undefined;
}

/** More seconds than any claim can be off: the library finds every time good. */
const graceSeconds = Number.MAX_SAFE_INTEGER;

/** Thrown by our own checks, with what the log says. */
class Refusal extends Error {}

export function jwtTokenVerifier(terms: TokenTerms, keys: KeySource): TokenVerifier {
  const { issuer, audience } = terms;
  return {
    verify: async (unverifiedToken) => {
      const header = headerOf(unverifiedToken);
      if (header === undefined) return { refusedFor: 'shape' };
      const jwk = await keyFor(keys, header.kid);
      if (jwk === undefined) return { refusedFor: 'key not known' };
      const customJwtCheck = (token: CheckedToken) => {
        checkToken(terms, token);
      };
      const options = { issuer, audience, graceSeconds, customJwtCheck };
      try {
        return { claims: verifyJwtSync(unverifiedToken, jwk, options), keyId: jwk.kid };
      } catch (error) {
        // Whatever the library makes of a stranger's bytes, the fault is in them.
        return { refusedFor: reasonOf(error) };
      }
    },
  };
}

/** The deployment's own keys. Each is read once, and again only while that fails; the others work meanwhile. */
export function builtInKeys(getKeys: readonly (() => Promise<KeyObject>)[]): KeySource {
  const ready: (Jwk | undefined)[] = getKeys.map(() => undefined);
  const known = (): Jwks => ({ keys: ready.filter((key) => key !== undefined) });
  /** Throws when fewer than `least` are there in the end. */
  const readMissing = async (least: number): Promise<Jwks> => {
    const results = await Promise.allSettled(
      getKeys.map(async (getKey, index) => {
        ready[index] ??= jwkOf(await getKey());
      }),
    );
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined && known().keys.length < least) throw failure.reason;
    return known();
  };
  return {
    current: async () => (known().keys.length > 0 ? known() : readMissing(1)),
    // A token of a key that can't be read is not refused: its handshake fails, and the client tries again.
    newer: async () => (known().keys.length === getKeys.length ? undefined : readMissing(getKeys.length)),
    mayOmitKid: false,
  };
}

/** `undefined` when there is no such key. Throws when the keys are not to be had. */
async function keyFor(source: KeySource, kid: string | undefined): Promise<Jwk | undefined> {
  const find = ({ keys }: Jwks): Jwk | undefined =>
    kid === undefined ? onlyOne(source, keys) : keys.find((key) => key.kid === kid);
  const known = find(await source.current());
  if (known !== undefined) return known;
  const newer = kid === undefined ? undefined : await source.newer();
  return newer && find(newer);
}

function onlyOne({ mayOmitKid }: KeySource, keys: readonly Jwk[]): Jwk | undefined {
  return mayOmitKid && keys.length === 1 ? keys[0] : undefined;
}

interface CheckedToken {
  readonly header: { readonly alg?: string | undefined; readonly [name: string]: unknown };
  readonly payload: Readonly<Record<string, unknown>>;
}

function checkToken(
  { clientId, tokenUse, types, algorithms }: TokenTerms,
  { header, payload }: CheckedToken,
): void {
  // RFC 7515, section 4.1.11: what we do not understand and must, we refuse.
  if (header.crit !== undefined) throw new Refusal('crit');
  if (algorithms !== undefined && !algorithms.includes(header.alg ?? '')) throw new Refusal('algorithm');
  if (types !== undefined && !types.includes(String(header.typ).toLowerCase())) throw new Refusal('typ');
  if (tokenUse !== undefined && payload.token_use !== tokenUse) throw new Refusal('token_use');
  if (clientId !== undefined && (payload.client_id ?? payload.azp) !== clientId)
    throw new Refusal('client_id');
}

/** The failed check in a word for the log. */
function reasonOf(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  const [, reason = 'signature'] = reasons.find(([kind]) => error instanceof kind) ?? [];
  return reason;
}

/** The first that fits: later kinds are more general. */
const reasons: readonly (readonly [new (...args: never[]) => Error, string])[] = [
  [JwtInvalidSignatureError, 'signature'],
  [JwtInvalidSignatureAlgorithmError, 'algorithm'],
  [JwtInvalidIssuerError, 'issuer'],
  [JwtInvalidAudienceError, 'audience'],
  [FailedAssertionError, 'key does not fit'],
];

/** RFC 7515 writes no padding; the library would forgive it, and every other stray character. */
const compactJwt = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Header and claims are signed as text; the signature itself could be spelled in several ways, of which one is right. */
function isCompactJwt(unverifiedToken: string): boolean {
  if (!compactJwt.test(unverifiedToken)) return false;
  const signature = unverifiedToken.slice(unverifiedToken.lastIndexOf('.') + 1);
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}

function headerOf(unverifiedToken: string): { readonly kid?: string | undefined } | undefined {
  if (!isCompactJwt(unverifiedToken)) return undefined;
  try {
    return decomposeUnverifiedJwt(unverifiedToken).header;
  } catch {
    return undefined;
  }
}

/** The key as a JWK, named by its RFC 7638 thumbprint. */
function jwkOf(key: KeyObject): Jwk {
  const { kty, crv, x, y } = key.export({ format: 'jwk' });
  if (kty !== 'EC' || crv !== 'P-256' || x === undefined || y === undefined)
    throw new Error('Not a P-256 key');
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' };
}
