/**
 * `$disconnect`: best effort of the platform; may come late, twice, or never.
 */
import { removeConnection, type RemovalDependencies } from '../agents/remove-connection';
import { errorFields } from '../shared/error-fields';
import type { EventClock } from '../shared/ports';
import { callerOf, type RouteResponse, type WebSocketEvent } from './web-socket-event';

export function disconnectRoute(deps: RemovalDependencies & { readonly clock: EventClock }) {
  return async (event: WebSocketEvent): Promise<RouteResponse> => {
    const { connectionId, requestId, requestTimeEpoch, disconnectStatusCode } = event.requestContext;
    deps.clock.startEvent(requestTimeEpoch);
    const fields = { connection_id: connectionId, request_id: requestId };
    try {
      const { tenantId, agentId, channelId } = callerOf(event);
      const channels = channelId === undefined ? [] : [channelId];
      const changed = await removeConnection(deps, { connectionId, tenantId, agentId, channels });
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
