/**
 * `$connect`: the platform answers the client's handshake with our status.
 */
import { connect, type ConnectDependencies } from '../core/connect';
import { errorFields } from '../core/error-fields';
import { callerOf, type RouteResponse, type WebSocketEvent } from './events';

export function connectRoute(deps: ConnectDependencies) {
  return async (event: WebSocketEvent): Promise<RouteResponse> => {
    const { connectionId, requestId, connectedAt } = event.requestContext;
    const fields = { connection_id: connectionId, request_id: requestId };
    try {
      const caller = callerOf(event);
      const outcome = await connect(deps, caller, connectedAt);
      deps.log.info(outcome === 'connected' ? 'connected' : 'refused', {
        ...fields,
        tenant_id: caller.tenantId,
        agent_id: caller.agentId,
        channel_id: caller.channelId,
      });
      return { statusCode: outcome === 'connected' ? 200 : 429 };
    } catch (error) {
      deps.log.error('connect_failed', { ...fields, ...errorFields(error) });
      return { statusCode: 500 };
    }
  };
}
