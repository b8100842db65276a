/**
 * The REQUEST authorizer of `$connect`: token and query in, policy out.
 * The literal error "Unauthorized" makes the platform answer 401, a Deny 403.
 */
import {
  authorize,
  type AuthorizeSettings,
  type Query,
  tokenIdentity,
  tokenOf,
} from '../../agents/authorize';
import { errorFields } from '../../shared/error-fields';
import type { EventClock, Logger, LogFields, TokenVerifier } from '../../shared/ports';
import { AuditMarks } from '../../audit/audit-marks';
import { contextBytes, type AuthorizerContext, encodeContext } from './authorizer-context';
import { showsEdgeSecret } from '../../agents/edge-secret';
import { type AuthorizerEvent, addressesOf, originsOf, subProtocolsOf, valuesOf } from './web-socket-event';

export interface AuthorizerDependencies {
  readonly verifier: TokenVerifier;
  readonly settings: AuthorizeSettings;
  /** Absent = pages of all origins may connect. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** The header of the edge and what it may say; absent = handshakes need not come through the edge. */
  readonly edge?: { readonly header: string; readonly secrets: readonly string[] } | undefined;
  readonly clock: EventClock;
  readonly log: Logger;
}

export interface AuthorizerResult {
  readonly principalId: string;
  readonly policyDocument: {
    readonly Version: '2012-10-17';
    readonly Statement: readonly {
      readonly Action: 'execute-api:Invoke';
      readonly Effect: 'Allow' | 'Deny';
      readonly Resource: string;
    }[];
  };
  readonly context?: AuthorizerContext;
}

type Verdict =
  | { readonly kind: 'unauthorized' | 'deny'; readonly reason: string; readonly about?: LogFields }
  | { readonly kind: 'allow'; readonly context: AuthorizerContext; readonly about: LogFields };

const lines = { unauthorized: 'unauthorized', deny: 'denied', allow: 'admitted' } as const;

export function authorizerRoute(deps: AuthorizerDependencies) {
  const marks = new AuditMarks(deps.clock);
  return async (event: AuthorizerEvent): Promise<AuthorizerResult> => {
    const { connectionId, requestId, requestTimeEpoch } = event.requestContext;
    deps.clock.startEvent(requestTimeEpoch);
    const fields = { connection_id: connectionId, request_id: requestId };
    const verdict = await verdictOf(deps, event, fields);
    const { kind, about } = verdict;
    deps.log.info(lines[kind], {
      ...fields,
      ...(verdict.kind !== 'allow' && { reason: verdict.reason }),
      ...about,
      ...addressesOf(event),
      ...marks.for(kind),
    });
    if (verdict.kind === 'allow')
      return { ...policy('Allow', event.methodArn, connectionId), context: verdict.context };
    if (verdict.kind === 'unauthorized') throw new Error('Unauthorized');
    return policy('Deny', event.methodArn, 'denied');
  };
}

/** Throws when the token can't be checked. */
async function verdictOf(
  deps: AuthorizerDependencies,
  event: AuthorizerEvent,
  fields: LogFields,
): Promise<Verdict> {
  // CON-16
  const { allowedOrigins, edge } = deps;
  if (edge && !showsEdgeSecret(valuesOf(event, edge.header), edge.secrets))
    return { kind: 'deny', reason: 'not through the edge' };
  // CON-15
  if (allowedOrigins && !originsOf(event).every((origin) => allowedOrigins.includes(origin)))
    return { kind: 'deny', reason: 'origin not allowed' };
  const query = queryOf(event);
  const token = tokenOf(query);
  if (token === undefined) return { kind: 'unauthorized', reason: 'no single token' }; // CON-2, CON-4
  const verification = await deps.verifier.verify(token).catch((error: unknown) => {
    deps.log.error('authorizer_failed', { ...fields, ...errorFields(error) });
    throw error;
  });
  // CON-3
  if ('refusedFor' in verification)
    return { kind: 'unauthorized', reason: `token not valid: ${verification.refusedFor}` };
  const { claims, keyId } = verification;
  const decision = authorize(claims, query, deps.settings, deps.clock.now(), subProtocolsOf(event));
  const about = { ...tokenIdentity(claims, deps.settings), kid: keyId };
  if (decision.kind !== 'allow') return { ...decision, about };
  const context = encodeContext(decision.admission);
  if (Buffer.byteLength(JSON.stringify(context)) > contextBytes)
    return { kind: 'unauthorized', reason: 'claims too large', about };
  return { kind: 'allow', context, about: { ...about, role: decision.admission.grants.role } };
}

function queryOf(event: AuthorizerEvent): Query {
  return new Map([
    ...Object.entries(event.queryStringParameters ?? {}).map(([name, value]) => [name, [value]] as const),
    ...Object.entries(event.multiValueQueryStringParameters ?? {}),
  ]);
}

/** The principal is the connection: an agent's id may hold characters that access logs and policies don't like. */
function policy(effect: 'Allow' | 'Deny', methodArn: string, principalId: string): AuthorizerResult {
  return {
    principalId,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: methodArn }],
    },
  };
}
