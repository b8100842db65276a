/**
 * The claims of a token. Checks them as the service does, so that every printed token is valid. Signing is in jwt.ts.
 */
import { randomUUID } from 'node:crypto';
import { TokenError } from './token-error';

/** A leaked token is valid until it expires or somebody revokes it. */
const maxSeconds = 365 * 86_400;
const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const controlCharacter = /\p{Cc}/u;
/** A channel, a prefix that ends in `*`, or the exact name of a channel of the service. */
const channelPattern = /^(?:[A-Za-z0-9._:-]{1,128}\*?|\*|\$presence|\$inbox)$/;

export interface ClaimNames {
  readonly tenant: string;
  readonly agent: string;
  readonly channels: string;
}

export interface ClaimsRequest {
  readonly issuer: string;
  readonly audience: string;
  readonly names: ClaimNames;
  readonly tenant: string;
  readonly agent: string;
  /** Absent = the default grants of the deployment. */
  readonly channels?: readonly string[];
  readonly expiresInSeconds: number;
  readonly now: Date;
}

/**
 * @throws TokenError when the service would reject the token
 * @example createClaims({ ...terms, tenant: 'acme', agent: 'crawler-1', expiresInSeconds: 3600, now: new Date() })
 */
export function createClaims(request: ClaimsRequest): Readonly<Record<string, unknown>> {
  const { issuer, audience, names, tenant, agent, channels, expiresInSeconds, now } = request;
  checkId('tenant', tenant);
  checkId('agent', agent);
  const issuedAt = Math.floor(now.getTime() / 1_000);
  return {
    iss: issuer,
    aud: audience,
    iat: issuedAt,
    exp: issuedAt + expiresInSeconds,
    // Names the token for a revocation.
    jti: randomUUID(),
    [names.tenant]: tenant,
    [names.agent]: agent,
    ...(channels === undefined ? {} : { [names.channels]: channels.map(checkedPattern) }),
  };
}

/**
 * @throws TokenError unless the text is a number with a unit, within a second and a year
 * @example parseDuration('30m') // 1800
 */
export function parseDuration(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (secondsPerUnit[unit] ?? 0);
  if (seconds >= 1 && seconds <= maxSeconds) return seconds;
  throw new TokenError(`The lifetime "${text}" must be like 90s, 30m, 1h or 7d, and at most 365d.`);
}

/**
 * @throws TokenError when the list is empty: an unset shell variable must not create a token without channels
 * @example parseChannels('orders, news.*') // ['orders', 'news.*']
 */
export function parseChannels(text: string): string[] {
  const channels = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (channels.length === 0) throw new TokenError('The list of channels is empty.');
  return channels.map(checkedPattern);
}

function checkId(name: string, id: string): void {
  if (id.length >= 1 && id.length <= 128 && id.isWellFormed() && !controlCharacter.test(id)) return;
  throw new TokenError(`The ${name} must have 1 to 128 characters, none of them a control character.`);
}

function checkedPattern(pattern: string): string {
  if (channelPattern.test(pattern)) return pattern;
  throw new TokenError(
    `The channel "${pattern}" must be a name of letters, digits and ._:- or such a prefix that ends in *.`,
  );
}
