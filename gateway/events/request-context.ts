/**
 * The `requestContext` that all events of a WebSocket API share, with exactly the members of AWS. Absent members are
 * absent, never null.
 */
import { platformId } from '../ids';

export type AuthorizerContext = Record<string, string | number>;

/** Fixed for the life of a connection. */
export interface ConnectionFacts {
  connectionId: string;
  connectedAt: number;
  identity: { userAgent?: string; sourceIp: string };
  authorizer?: AuthorizerContext;
}

/** Fixed for the life of the gateway. */
export interface ApiFacts {
  apiId: string;
  stage: string;
  stageVariables: Record<string, string>;
  /**
   * On AWS this is the domain only. The gateway adds its port, because functions build the callback URL from this
   * value.
   */
  domainName: string;
}

export interface RequestContext extends ConnectionFacts {
  routeKey: string;
  eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT';
  extendedRequestId: string;
  requestTime: string;
  messageDirection: 'IN';
  stage: string;
  requestTimeEpoch: number;
  requestId: string;
  domainName: string;
  apiId: string;
}

export function requestContext(
  routeKey: string,
  eventType: RequestContext['eventType'],
  api: ApiFacts,
  connection: ConnectionFacts,
  now: number,
): RequestContext {
  const requestId = platformId();
  const { connectionId, connectedAt, identity, authorizer } = connection;
  return {
    routeKey,
    eventType,
    extendedRequestId: requestId,
    requestTime: logTime(now),
    messageDirection: 'IN',
    stage: api.stage,
    connectedAt,
    requestTimeEpoch: now,
    identity,
    requestId,
    domainName: api.domainName,
    connectionId,
    apiId: api.apiId,
    ...(authorizer !== undefined && { authorizer }),
  };
}

/** Stage variables appear in an event only when the stage defines some. */
export function stageVariablesOf(api: ApiFacts): { stageVariables?: Record<string, string> } {
  return Object.keys(api.stageVariables).length > 0 ? { stageVariables: api.stageVariables } : {};
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Common log format: `09/Feb/2026:18:11:43 +0000`. */
export function logTime(now: number): string {
  const [date = '', time = ''] = new Date(now).toISOString().split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  return `${day}/${months[Number(month) - 1] ?? ''}/${year}:${time.slice(0, 8)} +0000`;
}
