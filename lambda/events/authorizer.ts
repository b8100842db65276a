/**
 * The REQUEST authorizer of `$connect`: token and query in, policy out.
 * The literal error "Unauthorized" makes the platform answer 401, a Deny 403.
 */
import { authorize, type AuthorizeSettings, type Query, tokenOf } from '../agents/authorize';
import { errorFields } from '../shared/error-fields';
import type { EventClock, Logger, TokenVerifier } from '../shared/ports';
import { contextBytes, type AuthorizerContext, encodeContext } from './authorizer-context';
import { showsEdgeSecret } from '../shared/edge-secret';
import { type AuthorizerEvent, originsOf, subProtocolsOf, valuesOf } from './web-socket-event';

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

export function authorizerRoute(deps: AuthorizerDependencies) {
  return async (event: AuthorizerEvent): Promise<AuthorizerResult> => {
    const { connectionId, requestId, requestTimeEpoch } = event.requestContext;
    deps.clock.startEvent(requestTimeEpoch);
    const refuse = (reason: string): never => {
      deps.log.info('unauthorized', { connection_id: connectionId, request_id: requestId, reason });
      throw new Error('Unauthorized');
    };

    const deny = (reason: string): AuthorizerResult => {
      deps.log.info('denied', { connection_id: connectionId, request_id: requestId, reason });
      return policy('Deny', event.methodArn, 'denied');
    };

    // CON-16
    const { allowedOrigins, edge } = deps;
    if (edge && !showsEdgeSecret(valuesOf(event, edge.header), edge.secrets))
      return deny('not through the edge');
    // CON-15
    if (allowedOrigins && !originsOf(event).every((origin) => allowedOrigins.includes(origin)))
      return deny('origin not allowed');
    const query = queryOf(event);
    const token = tokenOf(query);
    if (token === undefined) return refuse('no single token'); // CON-2, CON-4
    const verification = await deps.verifier.verify(token).catch((error: unknown) => {
      deps.log.error('authorizer_failed', {
        connection_id: connectionId,
        request_id: requestId,
        ...errorFields(error),
      });
      throw error;
    });
    if ('refusedFor' in verification) return refuse(`token not valid: ${verification.refusedFor}`); // CON-3
    const decision = authorize(
      verification.claims,
      query,
      deps.settings,
      deps.clock.now(),
      subProtocolsOf(event),
    );
    if (decision.kind === 'unauthorized') return refuse(decision.reason);
    if (decision.kind === 'deny') return deny(decision.reason);
    const context = encodeContext(decision.admission);
    if (Buffer.byteLength(JSON.stringify(context)) > contextBytes) return refuse('claims too large');
    return { ...policy('Allow', event.methodArn, connectionId), context };
  };
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
