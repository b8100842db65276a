/** A client of the HTTP API for tests: one call, and its answer as it came. */
import type { Bus, Who } from '../helpers/bus';
import { inTurnUntilAnswered } from '../tls/turns';
import { answerError } from './documented';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
  /** The body of an answer that is an array. */
  readonly list: readonly Record<string, unknown>[];
}

export interface Asked {
  /** JSON, or text as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Call = (method: string, path: string, asked?: Asked) => Promise<Answer>;

/** Calls with a token; the path begins after `/v1`. Throws when an answer is not as `docs/schema/openapi.json` says. */
export function callsWith(bus: Bus, token: string | undefined): Call {
  const base = bus.baseUrls.edge.replace('ws', 'http');
  return async (method, path, { body, headers = {} } = {}) => {
    const init = {
      method,
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    };
    const response = await inTurnUntilAnswered(() => fetch(`${base}${path}`, init));
    const text = await response.text();
    const value = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    const { status } = response;
    const contentType = response.headers.get('content-type');
    const error = answerError({ method, path, status, contentType, body: text === '' ? undefined : value });
    if (error !== undefined) throw new Error(`Not as the OpenAPI document says: ${error}`);
    return {
      status,
      headers: response.headers,
      body: value,
      list: Array.isArray(value) ? (value as Record<string, unknown>[]) : [],
    };
  };
}

export async function callsOf(bus: Bus, who: Who): Promise<Call> {
  return callsWith(bus, await bus.token(who));
}
