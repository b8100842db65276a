/** The HTTP API in memory: events in the platform's form go in, results come out. A token is its claims as JSON, in base64url. */
import { httpRoute, type RouteDependencies } from '../../lambda/http/route';
import type { HttpResult } from '../../lambda/http/event';
import type { RateLimits } from '../../lambda/publish/rates/rate-limiter';
import { createWorld } from './world';

export interface MemoryAnswer {
  readonly status: number;
  readonly headers: HttpResult['headers'];
  readonly body: Record<string, unknown>;
}

export function createHttpWorld({
  headers,
  ...further
}: {
  readonly rateLimits?: RateLimits;
  readonly edge?: RouteDependencies['edge'];
  readonly events?: RouteDependencies['events'];
  readonly eventChannels?: RouteDependencies['eventChannels'];
  /** Of every request. */
  readonly headers?: Readonly<Record<string, string>>;
} = {}) {
  const world = createWorld();
  const deps = {
    ...world.deps,
    ...further,
    verifier: {
      verify: (token: string) => {
        const text = Buffer.from(token, 'base64url').toString();
        return Promise.resolve(
          text.startsWith('{')
            ? { claims: JSON.parse(text) as Record<string, unknown>, keyId: 'key-1' }
            : { refusedFor: 'signature' },
        );
      },
    },
    settings: {
      tenantClaim: 'tenant_id',
      agentClaim: 'agent_id',
      channelsClaim: 'channels',
      agentsClaim: 'agents',
      roleClaim: 'role',
      defaultGrants: 'all' as const,
      maxTokenSeconds: 86_400,
    },
    maxTokenMs: 86_400_000,
    revokeFunction: 'revoke',
  };
  const route = httpRoute(deps);
  let requests = 0;

  /** The path is decoded, as API Gateway hands it over. */
  const request = async (
    claims: object | undefined,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<MemoryAnswer> => {
    const [rawPath = '', rawQueryString = ''] = path.split('?');
    const exp = Math.floor(world.clock.now() / 1_000) + 3_600;
    const token = Buffer.from(JSON.stringify({ exp, ...claims })).toString('base64url');
    const result = await route({
      rawPath: `/v1${rawPath}`,
      rawQueryString,
      headers: { ...headers, ...(claims !== undefined && { authorization: `Bearer ${token}` }) },
      requestContext: {
        requestId: `request-${String((requests += 1))}`,
        timeEpoch: world.clock.now(),
        http: { method, sourceIp: '192.0.2.1' },
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      isBase64Encoded: false,
    });
    return {
      status: result.statusCode,
      headers: result.headers,
      body: (result.body === '' ? {} : JSON.parse(result.body)) as Record<string, unknown>,
    };
  };
  return { ...world, request };
}
