/**
 * Decides about a handshake: who the token says that it is, and whether it may connect as the URL asks.
 */
import {
  allChannels,
  type Grants,
  isChannel,
  isGranted,
  isId,
  parseGrants,
  subProtocol,
} from '../../protocol/index';
import type { LogFields, VerifiedClaims } from '../shared/ports';

export interface AuthorizeSettings {
  readonly tenantClaim: string;
  readonly agentClaim: string;
  readonly channelsClaim: string;
  /** TOK-13. Absent = not read: tokens of an issuer may have claims of that name that mean something else. */
  readonly agentsClaim?: string | undefined;
  readonly roleClaim?: string | undefined;
  /** What a token without a channels claim may use. */
  readonly defaultGrants: 'all' | 'none';
  /** A token that lives longer is refused: it is a mistake (milliseconds for seconds, mostly) or a liability. */
  readonly maxTokenSeconds: number;
}

/** Each query parameter with all its values, decoded. A map, as the names are a stranger's. */
export type Query = ReadonlyMap<string, readonly string[]>;

export interface Admission {
  readonly tenantId: string;
  readonly agentId: string;
  readonly channelId: string | undefined;
  readonly grants: Grants;
  /** Epoch seconds, as in the token. */
  readonly exp: number;
  readonly iat: number | undefined;
  /** The claim `jti`, where it can be revoked. */
  readonly tokenId: string | undefined;
  readonly level: Level;
  readonly echo: boolean;
}

/** Of the protocol: 0 is the original one. */
export type Level = 0 | 1;

export type Decision =
  | { readonly kind: 'allow'; readonly admission: Admission }
  | { readonly kind: 'deny'; readonly reason: string }
  | { readonly kind: 'unauthorized'; readonly reason: string };

/** For `nbf` and `iat`: the clock of the issuer may be a little ahead of the platform's. */
const leewaySeconds = 5;

/** The one token of the query, or `undefined` when there is none or more than one. */
export function tokenOf(query: Query): string | undefined {
  const tokens = query.get('token') ?? [];
  return tokens.length === 1 && tokens[0] !== '' ? tokens[0] : undefined;
}

/**
 * `now` in epoch milliseconds; `subProtocols` as the client lists them. The claims' signature, issuer and audience
 * have been checked.
 */
export function authorize(
  claims: VerifiedClaims,
  query: Query,
  settings: AuthorizeSettings,
  now: number,
  subProtocols: readonly string[] = [],
): Decision {
  const tenantId = claims[settings.tenantClaim];
  const agentId = claims[settings.agentClaim] ?? claims.sub;
  const { exp, nbf, iat, jti } = claims;
  // TOK-1
  if (!isId(tenantId)) return unauthorized('tenant claim missing or malformed');
  if (!isId(agentId)) return unauthorized('agent claim missing or malformed');
  // TOK-2
  if (typeof exp !== 'number' || !Number.isSafeInteger(exp))
    return unauthorized('exp missing or not an integer');
  if (exp * 1_000 <= now) return unauthorized('expired');
  if (exp > now / 1_000 + settings.maxTokenSeconds) return unauthorized('exp too far ahead');
  if (isAhead(nbf, now)) return unauthorized('not valid yet');
  if (isAhead(iat, now)) return unauthorized('issued in the future');
  const grants = grantsOf(claims, settings);
  if (typeof grants === 'string') return unauthorized(`${grants} claim malformed`);

  for (const name of ['tenant_id', 'agent_id', 'channel_id', 'echo', 'protocol'] as const) {
    // CON-4: which of two values wins would be an accident.
    if ((query.get(name)?.length ?? 0) > 1) return deny(`${name} given more than once`);
  }
  // CON-7, CON-13: the path form of the URL arrives as these two parameters. They must equal the token's.
  if (differs(query.get('tenant_id'), tenantId)) return deny('tenant differs from the token');
  if (differs(query.get('agent_id'), agentId)) return deny('agent differs from the token');
  if (differs(query.get('protocol'), subProtocol)) return deny('unknown protocol'); // CON-12
  const channelId = query.get('channel_id')?.[0] ?? '';
  if (channelId !== '') {
    // CON-5, CON-6
    if (!isChannel(channelId)) return deny('malformed channel');
    if (!isGranted(grants, channelId, 'subscribe')) return deny('channel not granted');
  }
  return {
    kind: 'allow',
    admission: {
      tenantId,
      agentId,
      channelId: channelId === '' ? undefined : channelId,
      grants,
      exp,
      iat: typeof iat === 'number' ? iat : undefined,
      tokenId: isTokenId(jti) ? jti : undefined,
      level: query.has('protocol') || subProtocols.includes(subProtocol) ? 1 : 0, // CON-11, CON-12
      echo: query.get('echo')?.[0] !== 'false', // CON-14
    },
  };
}

/** Whether a token of that `jti` can be revoked: no key of a table can hold a longer one. */
export function isTokenId(jti: unknown): jti is string {
  return typeof jti === 'string' && jti.length >= 1 && jti.length <= 256 && jti.isWellFormed();
}

/** For the logs, of a token whose signature is right; what it says may be malformed all the same. */
export function tokenIdentity(
  claims: VerifiedClaims,
  { tenantClaim, agentClaim }: Pick<AuthorizeSettings, 'tenantClaim' | 'agentClaim'>,
): LogFields {
  const tenant = claims[tenantClaim];
  const agent = claims[agentClaim] ?? claims.sub;
  return {
    tenant_id: isId(tenant) ? tenant : undefined,
    agent_id: isId(agent) ? agent : undefined,
    jti: isTokenId(claims.jti) ? claims.jti : undefined,
  };
}

/** Whether the time of an optional claim is to come; one that is no time never comes. */
function isAhead(claim: unknown, now: number): boolean {
  return claim !== undefined && !(typeof claim === 'number' && claim <= now / 1_000 + leewaySeconds);
}

/** The name of the claim that is malformed, if one is. */
function grantsOf(
  claims: VerifiedClaims,
  { channelsClaim, agentsClaim, roleClaim, defaultGrants }: AuthorizeSettings,
): ReturnType<typeof parseGrants> {
  const claimNamed = (name: string | undefined): unknown => (name === undefined ? undefined : claims[name]);
  return parseGrants(
    { channels: claims[channelsClaim], agents: claimNamed(agentsClaim), role: claimNamed(roleClaim) },
    defaultGrants === 'all' ? allChannels : [], // TOK-4
  );
}

function differs(values: readonly string[] | undefined, expected: string): boolean {
  return values !== undefined && values[0] !== expected;
}

function deny(reason: string): Decision {
  return { kind: 'deny', reason };
}

function unauthorized(reason: string): Decision {
  return { kind: 'unauthorized', reason };
}
