/**
 * `$default`: every text message of a client. Nothing is returned to it here; ACKs and ERRORs are posted.
 */
import { parseText } from '../../protocol/index';
import { countFields } from '../delivery/fan-out';
import { AuditMarks } from '../audit/audit-marks';
import { Deadline } from '../shared/deadline';
import { agentOfToken } from '../shared/subjects';
import type { EventClock, Logger, LogFields } from '../shared/ports';
import {
  handleTextMessage,
  type TextMessageDependencies,
  type TextMessageSummary,
} from '../frames/handle-text-message';
import { RateLimiter, type RateLimiterDependencies, refuseOverLimit } from '../publish/rate-limiter';
import { callerOf, type RouteResponse, type WebSocketEvent } from './web-socket-event';

/** Ours; the function's own timeout is later. The clients of the original protocol give up after 5 s. */
const timeMs = 4_000;

export type DefaultDependencies = TextMessageDependencies &
  RateLimiterDependencies & { readonly clock: EventClock };

export function defaultRoute(deps: DefaultDependencies) {
  const limiter = new RateLimiter(deps);
  const marks = new AuditMarks(deps.clock);
  return async (event: WebSocketEvent): Promise<RouteResponse> => {
    const startedAt = deps.clock.monotonic();
    const { connectionId, requestId, requestTimeEpoch } = event.requestContext;
    deps.clock.startEvent(requestTimeEpoch);
    const fields = { connection_id: connectionId, request_id: requestId };
    try {
      const caller = callerOf(event);
      const parsed = parseText(event.body ?? '');
      const rate = await limiter.decide(caller, parsed.length);
      const frames = refuseOverLimit(parsed, rate);
      const deadline = new Deadline(deps.clock, startedAt + timeMs);
      const log = withFields(deps.log, { request_id: requestId });
      const handled = await handleTextMessage({ ...deps, log }, caller, frames, deadline, {
        requestId,
        sentAt: requestTimeEpoch,
      });
      await rate.reported;
      if (rate.admitted > 0) {
        const { tenantId, agentId, tokenId: jti } = caller;
        const sender = { ...fields, tenant_id: tenantId, agent_id: agentOfToken(agentId) };
        const times = { startedAt, endedAt: deps.clock.monotonic() };
        const refused = parsed.length - rate.admitted || undefined;
        const [first, ...others] = handled.published;
        log.info('published', {
          ...sender,
          ...summaryFields(handled, times),
          rate_limited: refused,
          ...first,
        });
        // A batch for several channels.
        for (const other of others) log.info('published', { ...sender, ...other });
        for (const { event: name, fields: about } of handled.audited) {
          const mark = marks.for(name);
          // What is not for the audit log is in the line above.
          if (mark.audit) log.info(name, { ...sender, jti, ...about, ...mark });
        }
      }
    } catch (error) {
      // Only for an event without our authorizer's context. Thrown on: the platform then tells the client.
      deps.log.error('event_not_understood', {
        ...fields,
        error: error instanceof Error ? error.name : 'unknown',
      });
      throw error;
    }
    return { statusCode: 200 };
  };
}

function summaryFields(
  {
    frames,
    accepted,
    duplicates,
    errors,
    delivered,
    published,
    answeredAt,
    slowestPostMs,
  }: TextMessageSummary,
  { startedAt, endedAt }: { readonly startedAt: number; readonly endedAt: number },
): LogFields {
  const isPublish = published.length > 0;
  return {
    frames,
    accepted,
    duplicates,
    errors,
    ...countFields(delivered),
    ack_ms: isPublish && answeredAt !== undefined ? answeredAt - startedAt : undefined,
    slowest_post_ms: isPublish ? slowestPostMs : undefined,
    ms: endedAt - startedAt,
  };
}

function withFields(log: Logger, common: LogFields): Logger {
  return {
    info: (event, fields) => {
      log.info(event, { ...common, ...fields });
    },
    error: (event, fields) => {
      log.error(event, { ...common, ...fields });
    },
  };
}
