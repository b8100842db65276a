/**
 * The signing keys of an OIDC issuer. They are read again every ten minutes, so that a removed key stops working, and when a
 * token names an unknown key, so that a new one works at once.
 */
import { isJwk, type Jwk, type Jwks } from 'aws-jwt-verify/jwk';
import type { Clock } from '../../shared/ports';
import type { FetchJson } from './fetch-json';

/** Keys that tokens are checked with. */
export interface KeySource {
  /** Throws when there are none to be had. */
  current(): Promise<Jwks>;
  /** Keys that are newer than the current ones, if it is time to ask. Throws when they are not to be had. */
  newer(): Promise<Jwks | undefined>;
  /** Whether a token may leave out the name of its key where there is only one: small issuers do. */
  readonly mayOmitKid: boolean;
}

export interface IssuerKeysOptions {
  readonly issuer: string;
  /** Absent = discovered from the issuer's configuration. */
  readonly jwksUri: string | undefined;
  readonly fetchJson: FetchJson;
  readonly clock: Pick<Clock, 'monotonic'>;
}

const renewAfterMs = 600_000;
/** An issuer that is away for longer than this, counted from the last good answer, refuses everybody. */
const maxAgeMs = 3_600_000;
/** After a failure, the keys that are there are used for as long before the issuer is asked again. */
const pauseAfterFailureMs = 30_000;
/** Unknown keys are a stranger's to name: questions beyond these wait for their turn. */
const questionBurst = 5;
const msPerQuestion = 2_000;
/** The authorizer has three seconds. */
const configurationMs = 1_000;
const keysMs = 2_700;
/** RFC 7518, section 3.3. */
const minRsaBits = 2_048;

export class IssuerKeys implements KeySource {
  readonly mayOmitKid = true;
  private jwks: Jwks | undefined;
  private readAt = 0;
  private failedAt = -Infinity;
  private jwksUri: string | undefined;
  private reading: Promise<Jwks> | undefined;
  /** When the questions so far are used up, on the monotonic clock. */
  private questionsUsedUntil = -Infinity;

  constructor(private readonly options: IssuerKeysOptions) {
    this.jwksUri = options.jwksUri;
  }

  async current(): Promise<Jwks> {
    const { jwks } = this;
    if (jwks === undefined) return this.read();
    const now = this.options.clock.monotonic();
    const isDue = now - this.readAt >= renewAfterMs && now - this.failedAt >= pauseAfterFailureMs;
    if (!isDue && now - this.readAt < maxAgeMs) return jwks;
    try {
      return await this.read();
    } catch (error) {
      if (now - this.readAt >= maxAgeMs) throw error;
      return jwks;
    }
  }

  async newer(): Promise<Jwks | undefined> {
    const now = this.options.clock.monotonic();
    const usedUntil = Math.max(this.questionsUsedUntil, now) + msPerQuestion;
    if (usedUntil - now > questionBurst * msPerQuestion) return undefined;
    this.questionsUsedUntil = usedUntil;
    return this.read();
  }

  /** Callers that come while keys are being read share the answer. */
  private read(): Promise<Jwks> {
    this.reading ??= this.fetchKeys().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async fetchKeys(): Promise<Jwks> {
    const { fetchJson, clock } = this.options;
    try {
      const jwksUri = this.jwksUri ?? (await this.discover());
      this.jwks = signingKeysOf(await fetchJson(jwksUri, keysMs));
      this.readAt = clock.monotonic();
      return this.jwks;
    } catch (error) {
      this.failedAt = clock.monotonic();
      throw error;
    }
  }

  /** Source: OpenID Connect Discovery 1.0, section 4. A small issuer may publish keys and no configuration. */
  private async discover(): Promise<string> {
    const { issuer, fetchJson } = this.options;
    // Auth0 writes its issuer with a slash at the end, Cognito without.
    const base = `${issuer.replace(/\/$/, '')}/.well-known`;
    try {
      const configuration = await fetchJson(`${base}/openid-configuration`, configurationMs);
      const { jwks_uri: jwksUri } = configuration as { readonly jwks_uri?: unknown };
      if (typeof jwksUri === 'string') this.jwksUri = jwksUri;
    } catch {
      // The keys may be had all the same; if not, their own error says so.
    }
    return this.jwksUri ?? `${base}/jwks.json`;
  }
}

/** The keys of a document that can check a token. Others may stand beside them: for encryption, of kinds to come, damaged. */
function signingKeysOf(document: unknown): Jwks {
  const { keys } = document as { readonly keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('The document of keys has no list of keys');
  return { keys: (keys as Jwk[]).filter((key) => isJwk(key) && isForSignatures(key)) };
}

function isForSignatures({ use, kty, n }: Jwk): boolean {
  if (use !== undefined && use !== 'sig') return false;
  if (kty === 'RSA') return n !== undefined && bitsOf(n) >= minRsaBits;
  return kty === 'EC' || kty === 'OKP';
}

function bitsOf(base64url: string): number {
  const hex = Buffer.from(base64url, 'base64url').toString('hex').replace(/^0+/, '');
  return hex === '' ? 0 : hex.length * 4 - Math.clz32(parseInt(hex.charAt(0), 16)) + 28;
}
