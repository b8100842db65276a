/**
 * The HTTP API: CORS, route, event, function, and what the function's result means as a response.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock';
import type { CostMeter } from '../costs/meter';
import { type Functions, isThrottled } from '../functions/functions';
import { readBody, reply } from '../http/http-reply';
import { isObject, listOr, objectOr, parseJson } from '../json';
import { limits } from '../platform';
import type { HttpApiModel, HttpRouteModel } from '../template/model';
import { corsHeaders, preflightHeaders } from './cors';
import { httpEvent } from './event';
import { selectHttpRoute } from './route-selection';

export interface HttpApiRuntime {
  readonly model: HttpApiModel;
  /** `host:port` of the gateway, which stands for the API's own domain. */
  readonly domainName: string;
  readonly functions: Functions;
  readonly clock: Clock;
  readonly costs: CostMeter;
}

/** Whether the HTTP API has a route for the request. */
export function hasHttpRoute(runtime: HttpApiRuntime | undefined, method: string, path: string): boolean {
  return runtime !== undefined && selectHttpRoute(runtime.model.routes, method, path) !== undefined;
}

export async function serveHttpApi(
  runtime: HttpApiRuntime,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { model, clock, costs, domainName } = runtime;
  const [path, query] = splitUrl(request.url ?? '/');
  const { origin } = request.headers;
  const method = request.method ?? 'GET';
  const body = await readBody(request, limits.httpBodyBytes);
  costs.requested(body?.length ?? 0);
  const wanted = request.headers['access-control-request-method'];
  if (model.cors !== undefined && method === 'OPTIONS' && origin !== undefined && wanted !== undefined) {
    response.writeHead(204, preflightHeaders(model.cors, origin, wanted)).end();
    return;
  }
  const cors = corsHeaders(model.cors, origin);
  const match = selectHttpRoute(model.routes, method, path);
  if (match === undefined) reply(response, 404, { message: 'Not Found' }, cors);
  else if (body === undefined) reply(response, 413, { message: 'Request Entity Too Large' }, cors);
  else {
    const sourceIp = request.socket.remoteAddress ?? '127.0.0.1';
    const facts = { method, path, query, headers: request.headers, body, sourceIp };
    const event = httpEvent(facts, match, model, domainName, clock.now());
    const answer = await callFunction(runtime, match.route, event);
    const { status, headers, cookies, text } = answer;
    if (response.destroyed) return;
    if (cookies.length > 0) response.setHeader('set-cookie', cookies);
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text), ...cors });
    response.end(method === 'HEAD' ? undefined : text);
  }
}

function splitUrl(url: string): [string, string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly cookies: string[];
  readonly text: string | Buffer;
}

function callFunction(
  { functions, clock }: HttpApiRuntime,
  { integration }: HttpRouteModel,
  event: object,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // The function continues until its own timeout; only the gateway stops waiting.
    const timer = clock.after(integration.timeoutMs, () => {
      resolve(failure(503, 'Service Unavailable'));
    });
    functions.invoke(integration.functionName, JSON.stringify(event)).then((result) => {
      timer.cancel();
      if (result.ok) resolve(readResult(result.payload));
      else if (isThrottled(result)) resolve(failure(503, 'Service Unavailable'));
      else resolve(failure(500, 'Internal Server Error'));
    }, reject);
  });
}

function failure(status: number, message: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    cookies: [],
    text: JSON.stringify({ message }),
  };
}

/** A result without a status code is the body of a 200. */
function readResult(payload: string): Answer {
  const value = parseJson(payload);
  if (!isObject(value) || value.statusCode === undefined) {
    return { status: 200, headers: { 'content-type': 'application/json' }, cookies: [], text: payload };
  }
  const status = Number(value.statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return failure(500, 'Internal Server Error');
  const body = typeof value.body === 'string' ? value.body : '';
  const headers = Object.entries(objectOr(value.headers)).map(([name, each]) => [
    name.toLowerCase(),
    String(each),
  ]);
  return {
    status,
    headers: { 'content-type': 'text/plain;charset=UTF-8', ...Object.fromEntries(headers) } as Record<
      string,
      string
    >,
    cookies: listOr(value.cookies).map(String),
    text: value.isBase64Encoded === true ? Buffer.from(body, 'base64') : body,
  };
}
