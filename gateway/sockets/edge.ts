/**
 * The CloudFront distribution in front of the API: runs the viewer-request Function of the template on each
 * handshake, in a new context, and returns the request for the origin.
 */
import { createContext, Script } from 'node:vm';
import { type HeaderList, withoutHeaders } from '../events/handshake-request';
import { GatewayError } from '../gateway-error';
import { isObject, listOr, messageOf, objectOr, parseJson } from '../json';
import type { EdgeModel } from '../template/model';

export interface ViewerRequest {
  method: string;
  path: string;
  query: string;
  headers: HeaderList;
  viewerIp: string;
}

export type EdgeDecision =
  | { kind: 'forward'; path: string; query: string; headers: HeaderList }
  | { kind: 'respond'; status: number; headers: Record<string, string>; body: string };

/** CloudFront stops a Function after about a millisecond. Here the limit only stops an endless loop. */
const timeoutMs = 1000;

/** The response when the Function throws or returns an invalid value. */
const failed: EdgeDecision = {
  kind: 'respond',
  status: 503,
  headers: {},
  body: 'The CloudFront function failed.',
};

interface Field {
  value: string;
  multiValue?: { value: string }[];
}

export class Edge {
  private readonly script: Script | undefined;

  constructor(private readonly model: EdgeModel) {
    if (model.functionCode === undefined) return;
    const call = 'Promise.resolve(handler(JSON.parse(viewerRequestEvent))).then(JSON.stringify)';
    try {
      this.script = new Script(`${model.functionCode}\n;${call}`);
    } catch (error) {
      throw new GatewayError(
        `The CloudFront Function does not compile: ${messageOf(error)}`,
        'Fix the code of the viewer-request Function.',
        { cause: error },
      );
    }
  }

  async decide(request: ViewerRequest): Promise<EdgeDecision> {
    if (this.script === undefined) return this.forward(request, {}, request.headers);
    let answer: unknown;
    try {
      const context = createContext({ viewerRequestEvent: JSON.stringify(viewerRequestEvent(request)) });
      const text: unknown = await this.script.runInContext(context, { timeout: timeoutMs });
      answer = parseJson(String(text));
    } catch {
      return failed;
    }
    if (!isObject(answer)) return failed;
    if (answer.statusCode !== undefined) return respond(answer);
    if (typeof answer.uri !== 'string' || !answer.uri.startsWith('/')) return failed;
    return this.forward(request, answer, changedHeaders(request.headers, objectOr(answer.headers)));
  }

  private forward(
    request: ViewerRequest,
    answer: Record<string, unknown>,
    headers: HeaderList,
  ): EdgeDecision {
    const path = typeof answer.uri === 'string' ? answer.uri : request.path;
    const { querystring } = answer;
    const query =
      querystring === undefined
        ? request.query
        : typeof querystring === 'string'
          ? querystring
          : queryText(objectOr(querystring));
    const { originPath, originHeaders } = this.model;
    const own = originHeaders.map(([name]) => name.toLowerCase());
    const forwarded = [...withoutHeaders(headers, ...own), ...originHeaders];
    return { kind: 'forward', path: `${originPath}${path}`, query, headers: forwarded };
  }
}

/** CloudFront's event, version 1.0: header names in lower case, query values percent-encoded as in the URL. */
function viewerRequestEvent({ method, path, query, headers, viewerIp }: ViewerRequest): object {
  const cookies = headers
    .filter(([name]) => name.toLowerCase() === 'cookie')
    .flatMap(([, value]) => value.split(/; */))
    .filter((cookie) => cookie.includes('='));
  const visible = withoutHeaders(headers, 'cookie', 'connection', 'upgrade');
  return {
    version: '1.0',
    context: {
      distributionDomainName: 'laptop.cloudfront.net',
      distributionId: 'LAPTOP',
      eventType: 'viewer-request',
      requestId: 'laptop',
    },
    viewer: { ip: viewerIp },
    request: {
      method,
      uri: path,
      querystring: fields(query === '' ? [] : query.split('&').map(splitPair)),
      headers: fields(visible.map(([name, value]) => [name.toLowerCase(), value])),
      cookies: fields(cookies.map(splitPair)),
    },
  };
}

function splitPair(text: string): [string, string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** For a repeated name, `value` is the first one and `multiValue` has all of them. */
function fields(pairs: [string, string][]): Record<string, Field> {
  const found = new Map<string, Field>();
  for (const [name, value] of pairs) {
    const field = found.get(name);
    if (field === undefined) found.set(name, { value });
    else field.multiValue = [...(field.multiValue ?? [{ value: field.value }]), { value }];
  }
  return Object.fromEntries(found);
}

function valuesOf(field: unknown): string[] {
  const { value, multiValue } = objectOr(field);
  const values = multiValue === undefined ? [value] : listOr(multiValue).map((each) => objectOr(each).value);
  return values.filter((each) => typeof each === 'string');
}

function queryText(querystring: Record<string, unknown>): string {
  return Object.entries(querystring)
    .flatMap(([name, field]) => valuesOf(field).map((value) => `${name}=${value}`))
    .join('&');
}

/** The Function may change, add and remove headers. Unchanged headers keep their case. */
function changedHeaders(headers: HeaderList, changed: Record<string, unknown>): HeaderList {
  const hidden = new Set(['cookie', 'connection', 'upgrade']);
  const casing = new Map(headers.map(([name]) => [name.toLowerCase(), name]));
  const untouched = headers.filter(([name]) => hidden.has(name.toLowerCase()));
  const visible = Object.entries(changed).flatMap(([name, field]) =>
    valuesOf(field).map((value): [string, string] => [casing.get(name) ?? name, value]),
  );
  return [...visible, ...untouched];
}

function respond(answer: Record<string, unknown>): EdgeDecision {
  const status = Number(answer.statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) return failed;
  const headers = Object.entries(objectOr(answer.headers)).map(([name, field]) => [
    name,
    valuesOf(field).join(', '),
  ]);
  const body = isObject(answer.body) ? answer.body.data : answer.body;
  return {
    kind: 'respond',
    status,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: typeof body === 'string' ? body : '',
  };
}
