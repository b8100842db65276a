/**
 * `$default`: every text message of a client. Nothing is returned to it here; ACKs and ERRORs are posted.
 */
import { parseText } from '../../../protocol/index';
import { AuditMarks } from '../../audit/audit-marks';
import { Deadline } from '../../shared/deadline';
import { agentOfToken } from '../../shared/subjects';
import type { EventClock, Logger, LogFields } from '../../shared/ports';
import {
  handleTextMessage,
  type TextMessageDependencies,
  type TextMessageSummary,
} from '../../frames/handle-text-message';
import { MeteredSender } from '../../delivery/metered-sender';
import { expel, type ExpelDependencies } from '../../publish/rates/flood-guard';
import {
  type RateDecision,
  RateLimiter,
  type RateLimiterDependencies,
  refuseOverLimit,
} from '../../publish/rates/rate-limiter';
import { type DailyQuotaDependencies, dailyQuotas } from '../../publish/rates/daily-quotas';
import type { Caller } from '../../shared/caller';
import { estimateWork } from '../../publish/rates/work-estimate';
import type { WorkMeter } from '../../shared/work-meter';
import { callerOf, type RouteResponse, type WebSocketEvent } from './web-socket-event';

/** Ours; the function's own timeout is later. The clients of the original protocol give up after 5 s. */
const timeMs = 4_000;

export type DefaultDependencies = TextMessageDependencies &
  DailyQuotaDependencies &
  RateLimiterDependencies &
  Pick<ExpelDependencies, 'closer'> & { readonly clock: EventClock; readonly work: WorkMeter };

export function defaultRoute({ sender: unmetered, ...others }: DefaultDependencies) {
  const sender = new MeteredSender(unmetered, others.work);
  const deps = { ...others, daily: dailyQuotas(others), sender };
  const limiter = new RateLimiter(deps);
  const marks = new AuditMarks(deps.clock);
  return async (event: WebSocketEvent): Promise<RouteResponse> => {
    const startedAt = deps.clock.monotonic();
    const { connectionId, requestId, requestTimeEpoch } = event.requestContext;
    deps.clock.startEvent(requestTimeEpoch);
    const fields = { connection_id: connectionId, request_id: requestId };
    try {
      const served = await serve(deps, limiter, event, startedAt);
      if (served.rate.admitted > 0) writeLines(deps.log, marks, fields, served);
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

/** What became of one text message. */
interface Served {
  readonly caller: Caller;
  readonly handled: TextMessageSummary;
  readonly rate: RateDecision;
  readonly frames: number;
  readonly units: number;
  readonly times: Times;
}

/** On the monotonic clock. */
interface Times {
  readonly startedAt: number;
  readonly endedAt: number;
}

async function serve(
  deps: DefaultDependencies,
  limiter: RateLimiter,
  event: WebSocketEvent,
  startedAt: number,
): Promise<Served> {
  const { work, clock } = deps;
  const { requestId, requestTimeEpoch: sentAt } = event.requestContext;
  const caller = callerOf(event);
  const { body = '' } = event;
  work.reset();
  work.message(body);
  work.invocation();
  const parsed = parseText(body);
  const rate = await limiter.decide(caller, estimateWork(body, parsed));
  const frames = refuseOverLimit(parsed, rate);
  const deadline = new Deadline(clock, startedAt + timeMs);
  const log = withFields(deps.log, { request_id: requestId });
  const request = { requestId, sentAt };
  const handled = await handleTextMessage({ ...deps, log }, caller, frames, deadline, request);
  await rate.reported;
  if (rate.isFlood) await expel(deps, caller);
  const { units } = work;
  await limiter.charge(caller, rate, units);
  const times = { startedAt, endedAt: clock.monotonic() };
  return { caller, handled, rate, frames: parsed.length, units, times };
}

function writeLines(log: Logger, marks: AuditMarks, fields: LogFields, served: Served): void {
  const { caller, handled, rate, frames, units, times } = served;
  const { tenantId, agentId, tokenId: jti } = caller;
  const sender = { ...fields, tenant_id: tenantId, agent_id: agentOfToken(agentId) };
  const [first, ...others] = handled.published;
  log.info('published', {
    ...sender,
    ...summaryFields(handled, times),
    rate_limited: frames - rate.admitted || undefined,
    work_units: Math.round(units * 1_000) / 1_000,
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

function summaryFields(
  { frames, accepted, duplicates, errors, published, answeredAt, slowestPostMs }: TextMessageSummary,
  { startedAt, endedAt }: Times,
): LogFields {
  const isPublish = published.length > 0;
  return {
    frames,
    accepted,
    duplicates,
    errors,
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
