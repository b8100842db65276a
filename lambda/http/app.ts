/** The paths of the HTTP API, and what happens to a request from its token to its answer. */
import { Hono } from 'hono';
import { type Identity, limits, wireTime } from '../../protocol/index';
import { MeteredSender } from '../delivery/metered-sender';
import type { QueryDependencies } from '../frames/presence';
import { type DailyQuotaDependencies, dailyQuotas } from '../publish/rates/daily-quotas';
import { type RateDecision, RateLimiter, type RateLimiterDependencies } from '../publish/rates/rate-limiter';
import { requestEstimate } from '../publish/rates/work-estimate';
import type { Caller } from '../shared/caller';
import { agentOfToken } from '../shared/subjects';
import { errorFields } from '../shared/error-fields';
import { type LogFields, type RevocationStore, Unavailable } from '../shared/ports';
import { agentIn, listAgents, readAgent } from './resources/agents';
import { authenticate, type AuthenticateDependencies } from './authenticate';
import { HttpProblem, problemResponse } from './http-problem';
import { publish, type PublishAnswer, type PublishDependencies } from './resources/publish';
import { listChannels, readMessages, type ReadDependencies } from './resources/read-log';
import { RevocationCache } from './revocation-cache';
import {
  closeConnectionsOf,
  eraseAgentOrTenant,
  type RevocationDependencies,
  revokeTokens,
  takeBackRevocation,
} from './resources/revocations';
import type { RequestFacts, Session } from './session';

export type AppDependencies = AuthenticateDependencies &
  PublishDependencies &
  ReadDependencies &
  QueryDependencies &
  RateLimiterDependencies &
  DailyQuotaDependencies &
  RevocationDependencies & { readonly revocations: RevocationStore };

/** What the log line of a request says beside its status. */
export interface RequestReport {
  /** Tenant, agent, `jti` and `kid` of a token whose signature is right. */
  token?: LogFields;
  caller?: Caller;
  published?: PublishAnswer;
  /** Why it was refused, where the answer does not say it. */
  reason?: string | undefined;
}

interface Environment {
  readonly Bindings: RequestFacts & { readonly report: RequestReport };
}

interface Asked {
  readonly session: Session;
  readonly request: Request;
  readonly id: string;
  readonly report: RequestReport;
}

type Handler = (asked: Asked) => Promise<Response>;

type Method = 'GET' | 'POST' | 'DELETE';

export function httpApp({ sender, ...others }: AppDependencies): Hono<Environment> {
  const { work } = others;
  const deps = { ...others, daily: dailyQuotas(others), sender: new MeteredSender(sender, work) };
  const app = new Hono<Environment>();
  const revocations = new RevocationCache(deps.revocations, deps.clock);
  for (const [path, methods] of Object.entries(pathsOf(deps, new RateLimiter(deps)))) {
    app.all(path, async (context) => {
      const { report, ...facts } = context.env;
      work.reset();
      // It costs as much as a message, and its answer nothing.
      work.message('');
      work.invocation();
      const authorization = context.req.header('authorization');
      const caller = await authenticate(deps, revocations, authorization, report);
      report.caller = caller;
      const method = context.req.method === 'HEAD' ? 'GET' : context.req.method;
      const handler = methods[method as Method];
      if (handler === undefined)
        return problemResponse({ code: 'method_not_allowed' }, { allow: Object.keys(methods).join(', ') });
      const session = { ...facts, caller };
      return handler({ session, request: context.req.raw, id: context.req.param('id') ?? '', report });
    });
  }
  app.notFound(() => problemResponse({ code: 'not_found' }));
  app.onError((error, context) => {
    if (error instanceof HttpProblem) context.env.report.reason = error.reason;
    return answerTo(deps, error);
  });
  return app;
}

function pathsOf(
  deps: AppDependencies,
  limiter: RateLimiter,
): Readonly<Record<string, Partial<Record<Method, Handler>>>> {
  const counted = countedBy(deps, limiter);
  const publishTo =
    (receiverOf: (id: string) => Parameters<typeof publish>[3]): Handler =>
    async ({ session, request, id, report }) => {
      const answer = await publish(deps, limiter, session, receiverOf(id), await request.text());
      report.published = answer;
      if (answer.refusal !== undefined) throw new HttpProblem(answer.refusal);
      return json(answer.text);
    };
  return {
    '/v1/me': { GET: counted(({ session }) => Promise.resolve(json(identityOf(session.caller)))) },
    '/v1/channels': {
      GET: counted(async ({ session, request }) => json(await listChannels(deps, session, request.url))),
    },
    '/v1/channels/:id/messages': {
      GET: counted(async ({ session, request, id }) =>
        json(await readMessages(deps, session, id, request.url)),
      ),
      POST: publishTo((id) => ({ channel_id: id })),
    },
    '/v1/agents': {
      GET: counted(async ({ session, request }) => json(await listAgents(deps, session, request.url))),
    },
    '/v1/agents/:id': {
      GET: counted(async ({ session, id }) => json(await readAgent(deps, session, id))),
    },
    '/v1/agents/:id/messages': { POST: publishTo((id) => ({ to: agentIn(id) })) },
    '/v1/agents/:id/connections': {
      DELETE: counted(async ({ session, id }) => json(await closeConnectionsOf(deps, session, id), 202)),
    },
    '/v1/erasures': {
      POST: counted(async ({ session, request }) =>
        json(await eraseAgentOrTenant(deps, session, await request.text()), 202),
      ),
    },
    '/v1/revocations': {
      POST: counted(async ({ session, request }) =>
        json(await revokeTokens(deps, session, await request.text()), 202),
      ),
      DELETE: counted(async ({ session, request }) => {
        await takeBackRevocation(deps, session, request.url);
        return new Response(null, { status: 204 });
      }),
    },
  };
}

/** For handlers that charge nothing themselves. */
function countedBy(deps: AppDependencies, limiter: RateLimiter): (handler: Handler) => Handler {
  return (handler) => async (asked) => {
    const { caller } = asked.session;
    const rate = await admitRequest(limiter, caller);
    try {
      return await handler(asked);
    } finally {
      await limiter.charge(caller, rate, deps.work.units); // RAT-5
    }
  };
}

/** HTTP-3: a request that publishes nothing counts as one message. @throws HttpProblem */
async function admitRequest(limiter: RateLimiter, caller: Caller): Promise<RateDecision> {
  const rate = await limiter.decide(caller, [requestEstimate]);
  await rate.reported;
  if (rate.admitted === 0) throw new HttpProblem({ code: 'rate_limited', retryAfterMs: rate.retryAfterMs });
  return rate;
}

function json(body: object | string, status = 200): Response {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return new Response(text, { status, headers: { 'content-type': 'application/json' } });
}

function identityOf({ tenantId, agentId, grants, tokenExpiresAt }: Caller): Identity {
  return {
    tenant_id: tenantId,
    agent_id: agentOfToken(agentId),
    role: grants.role,
    channels: Object.fromEntries(grants.channels),
    agents: grants.agents,
    token_expires_at: wireTime(tokenExpiresAt),
    limits: {
      message_bytes: limits.messageBytes,
      batch_messages: limits.batchFrames,
      history_messages: limits.historyMessages,
    },
  };
}

function answerTo({ log }: AppDependencies, error: unknown): Response {
  if (error instanceof HttpProblem) return problemResponse(error.details);
  log.error('request_failed', errorFields(error));
  const code = error instanceof Unavailable ? 'unavailable' : 'internal';
  return problemResponse({ code, retryAfterMs: 500 });
}
