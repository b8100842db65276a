/**
 * `$disconnect`: best effort of the platform; may come late, twice, or never.
 */
import {
  type ConnectionIdentity,
  removeConnection,
  type RemovalDependencies,
} from '../../agents/remove-connection';
import { errorFields } from '../../shared/error-fields';
import type { EventClock } from '../../shared/ports';
import { callerOf, type RouteResponse, type WebSocketEvent } from './web-socket-event';

export function disconnectRoute(deps: RemovalDependencies & { readonly clock: EventClock }) {
  return async (event: WebSocketEvent): Promise<RouteResponse> => {
    const { connectionId, requestId, requestTimeEpoch, disconnectStatusCode } = event.requestContext;
    deps.clock.startEvent(requestTimeEpoch);
    const fields = { connection_id: connectionId, request_id: requestId };
    try {
      const identity = await identityOf(deps, event);
      if (identity === undefined) {
        deps.log.info('disconnected', { ...fields, code: disconnectStatusCode, first: false });
        return { statusCode: 200 };
      }
      const { tenantId, agentId } = identity;
      const changed = await removeConnection(deps, identity);
      deps.log.info('disconnected', {
        ...fields,
        tenant_id: tenantId,
        agent_id: agentId,
        code: disconnectStatusCode,
        first: changed,
      });
      return { statusCode: 200 };
    } catch (error) {
      deps.log.error('disconnect_failed', {
        ...fields,
        ...errorFields(error),
      });
      return { statusCode: 500 };
    }
  };
}

/** The platform may leave the authorizer's context out; then the connection's row says whose it is, if it is still there. */
async function identityOf(
  { connections }: RemovalDependencies,
  event: WebSocketEvent,
): Promise<ConnectionIdentity | undefined> {
  const { connectionId, authorizer } = event.requestContext;
  if (authorizer === undefined || Object.keys(authorizer).length === 0)
    return (await connections.getConnections([connectionId]))[0];
  const { tenantId, agentId, channelId } = callerOf(event);
  return { connectionId, tenantId, agentId, channels: channelId === undefined ? [] : [channelId] };
}
