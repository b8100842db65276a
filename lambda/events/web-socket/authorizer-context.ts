/**
 * The authorizer's context: written once at the handshake, replayed by the platform as strings in every later event.
 * Both directions stand here, so that they can't drift apart.
 */
import { type Grants, parseGrants } from '../../../protocol/index';
import type { Admission } from '../../agents/authorize';
import type { Caller } from '../../shared/caller';
import { observerId } from '../../shared/subjects';

/** A flat map of strings: the platform refuses anything nested. Texts of strangers are percent-encoded, as headers carry them on. */
export type AuthorizerContext = Readonly<Record<string, string>>;

/** The whole result of an authorizer may have 8 KB; the rest of it needs less than 2. */
export const contextBytes = 6_144;

const percent = 'percent';

export function encodeContext(admission: Admission): AuthorizerContext {
  const { channels, agents, role } = admission.grants;
  return {
    encoding: percent,
    tenant: encodeURIComponent(admission.tenantId),
    agent: encodeURIComponent(admission.agentId),
    ...(admission.channelId === undefined ? {} : { channel: encodeURIComponent(admission.channelId) }),
    grants: JSON.stringify(Object.fromEntries(channels)),
    ...(agents === undefined ? {} : { agents: encodeURIComponent(JSON.stringify(agents)) }),
    ...(role === undefined ? {} : { role }),
    exp: String(admission.exp),
    ...(admission.iat === undefined ? {} : { iat: String(admission.iat) }),
    ...(admission.tokenId === undefined ? {} : { jti: encodeURIComponent(admission.tokenId) }),
    level: String(admission.level),
    echo: String(admission.echo),
  };
}

/** Throws when the context is not ours: the stage has lost its authorizer, and nobody may be served. */
export function decodeContext(
  context: Readonly<Record<string, unknown>>,
): Omit<Caller, 'connectionId' | 'connectedAt'> {
  const { encoding, tenant, agent, channel, exp, iat, jti, level, echo } = context;
  // Connections that were opened by an earlier release have their texts as they are.
  const read = encoding === percent ? decodeURIComponent : (text: string): string => text;
  const grants = decodeGrants(context);
  if (
    typeof tenant !== 'string' ||
    typeof agent !== 'string' ||
    typeof exp !== 'string' ||
    grants === undefined
  ) {
    throw new Error('The event carries no authorizer context of this service');
  }
  return {
    tenantId: read(tenant),
    // TOK-11
    agentId: grants.role === 'observer' ? observerId(read(agent)) : read(agent),
    channelId: typeof channel === 'string' ? read(channel) : undefined,
    grants,
    tokenExpiresAt: Number(exp) * 1_000,
    // Absent in the contexts of earlier releases.
    tokenIssuedAt: typeof iat === 'string' ? Number(iat) * 1_000 : undefined,
    tokenId: typeof jti === 'string' ? read(jti) : undefined,
    level: Number(level),
    echo: echo !== 'false',
  };
}

function decodeGrants({ grants, agents, role }: Readonly<Record<string, unknown>>): Grants | undefined {
  if (typeof grants !== 'string') return undefined;
  const channels: unknown = JSON.parse(grants);
  const named: unknown = typeof agents === 'string' ? JSON.parse(decodeURIComponent(agents)) : undefined;
  const parsed = parseGrants({ channels, agents: named, role }, []);
  return typeof parsed === 'string' ? undefined : parsed;
}
