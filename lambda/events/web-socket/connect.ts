/**
 * `$connect`: the platform answers the client's handshake with our status.
 */
import { connect, type ConnectDependencies, type Refusal } from '../../agents/connect';
import { errorFields } from '../../shared/error-fields';
import type { EventClock } from '../../shared/ports';
import { subProtocol } from '../../../protocol/index';
import { AuditMarks } from '../../audit/audit-marks';
import { agentOfToken } from '../../shared/subjects';
import {
  addressesOf,
  callerOf,
  type RouteResponse,
  subProtocolsOf,
  type WebSocketEvent,
} from './web-socket-event';

/** CON-9, CON-17, RAT-6, TOK-8. */
const refusals: Readonly<Record<Refusal, number>> = {
  'too-many': 429,
  'connections-quota': 429,
  'agents-quota': 429,
  flood: 429,
  revoked: 401,
};

export function connectRoute(deps: ConnectDependencies & { readonly clock: EventClock }) {
  const marks = new AuditMarks(deps.clock);
  return async (event: WebSocketEvent): Promise<RouteResponse> => {
    const { connectionId, requestId, requestTimeEpoch } = event.requestContext;
    deps.clock.startEvent(requestTimeEpoch);
    const fields = { connection_id: connectionId, request_id: requestId };
    try {
      const caller = callerOf(event);
      const outcome = await connect(deps, caller);
      deps.log.info(outcome === 'connected' ? 'connected' : 'refused', {
        ...fields,
        tenant_id: caller.tenantId,
        agent_id: agentOfToken(caller.agentId),
        jti: caller.tokenId,
        role: caller.grants.role,
        channel_id: caller.channelId,
        protocol_level: caller.level,
        ...(outcome !== 'connected' && { reason: outcome }),
        ...addressesOf(event),
        ...marks.for(outcome),
      });
      if (outcome !== 'connected') return { statusCode: refusals[outcome] };
      // CON-11: a client closes when the server names a sub-protocol that it did not offer, or none of its list.
      const isOffered = caller.level === 1 && subProtocolsOf(event).includes(subProtocol);
      return { statusCode: 200, ...(isOffered && { headers: { 'Sec-WebSocket-Protocol': subProtocol } }) };
    } catch (error) {
      deps.log.error('connect_failed', { ...fields, ...errorFields(error) });
      return { statusCode: 500 };
    }
  };
}
