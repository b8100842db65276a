/** The route of the HTTP API: an event of the platform in, its result out. */
import { AuditMarks } from '../audit/audit-marks';
import { Deadline } from '../shared/deadline';
import { showsEdgeSecret } from '../agents/edge-secret';
import { agentOfToken } from '../shared/subjects';
import type { EventClock } from '../shared/ports';
import { type AppDependencies, httpApp, type RequestReport } from './app';
import { auditedRequest } from './audited-request';
import { problemResponse } from './http-problem';
import { type HttpEvent, type HttpResult, requestOf, resultOf } from './event';

/** Ours; the function's own timeout is later. */
const timeMs = 4_000;

export interface RouteDependencies extends AppDependencies {
  readonly clock: EventClock;
  /** The header of the edge and what it may say; absent = requests need not come through the edge. */
  readonly edge?: { readonly header: string; readonly secrets: readonly string[] } | undefined;
}

export function httpRoute(deps: RouteDependencies) {
  const app = httpApp(deps);
  const marks = new AuditMarks(deps.clock);
  // CON-16
  const isFromEdge = ({ headers }: HttpEvent): boolean =>
    deps.edge === undefined ||
    showsEdgeSecret([headers[deps.edge.header.toLowerCase()] ?? ''], deps.edge.secrets);
  return async (event: HttpEvent): Promise<HttpResult> => {
    const startedAt = deps.clock.monotonic();
    const { requestId, timeEpoch: sentAt, http } = event.requestContext;
    deps.clock.startEvent(sentAt);
    const report: RequestReport = {};
    const deadline = new Deadline(deps.clock, startedAt + timeMs);
    const response = isFromEdge(event)
      ? await app.fetch(requestOf(event), { requestId, sentAt, deadline, report })
      : problemResponse({ code: 'forbidden', text: 'Requests come through the edge only' });
    const result = await resultOf(response);
    const { caller, token, published, reason } = report;
    const sender = {
      request_id: requestId,
      tenant_id: caller?.tenantId,
      agent_id: caller && agentOfToken(caller.agentId),
    };
    deps.log.info('request', {
      ...sender,
      method: http.method,
      // Not the path, which has ids in it.
      resource: event.rawPath.split('/')[2]?.slice(0, 20),
      status: result.statusCode,
      reason,
      frames: published?.frames,
      errors: published?.errors,
      // A request without a good token is not charged.
      work_units: caller && Math.round(deps.work.units * 1_000) / 1_000,
      ...published?.record,
      ms: deps.clock.monotonic() - startedAt,
    });
    const audited = auditedRequest(event, result.statusCode, published?.errors ?? '');
    if (audited !== undefined) {
      const mark = marks.for(audited.event);
      const from = { ...token, source_ip: http.sourceIp, reason };
      // What is not for the audit log is in the line above.
      if (mark.audit) deps.log.info(audited.event, { ...sender, ...from, ...audited.fields, ...mark });
    }
    return result;
  };
}
