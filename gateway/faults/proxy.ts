/**
 * The HTTP endpoint that functions use as AWS when the gateway has a fault plan: forwards each call to the table
 * engine or to the gateway, with the faults of the plan.
 */
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { readBody } from '../http/http-reply';
import { codeOf, objectOr, parseJson } from '../json';
import {
  type AwsCall,
  connectionsCall,
  dynamoCall,
  errorAnswer,
  type HttpAnswer,
  invokeCall,
  jsonAnswer,
  mayBeStale,
  mistimedAnswer,
  putEventsCall,
  throttleAnswer,
} from './aws-call';
import type { Hosts } from './hosts';
import type { FaultKind, FaultRule } from './plan-schema';
import { httpDate, isMistimed } from './signature-age';
import { canBeEmpty, canSplit, emptyPage, PreviousAnswers, splitAnswer, splitInput } from './reads';
import type { FaultTarget } from './decisions';

/** DynamoDB's largest request. */
const bodyBytes = 16 * 1_048_576;
/** Clients reuse connections. If the server closed idle ones, a client could send a request at the same moment. */
const keepAliveMs = 3_600_000;

export interface ProxyTargets {
  readonly dynamodb: string;
  /** `http://host:port` of the gateway, for `@connections`, Invoke and PutEvents. */
  readonly gateway: string;
  readonly lambdaPrefix: string;
}

export type Decide = (target: FaultTarget, isPossible: (kind: FaultKind) => boolean) => FaultRule | undefined;

export interface FaultProxy {
  /** `host:port`. */
  readonly authority: string;
  stop(): Promise<void>;
}

/** One call that the proxy forwards. */
interface ProxiedCall {
  readonly call: AwsCall;
  /** Makes the call and returns the answer. `body` replaces the body of the request. */
  readonly apply: (body?: Buffer) => Promise<HttpAnswer>;
  readonly endCaller: () => Promise<void>;
}

/** The result for the caller: an answer, a closed socket, or no answer. */
type CallResult = HttpAnswer | 'cut' | 'silence';

/** `now`: the time of the gateway, which functions receive as the time of AWS. */
export async function startProxy(
  targets: ProxyTargets,
  hosts: Hosts,
  decide: Decide,
  now: () => number,
): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true });
  const previous = new PreviousAnswers();

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await readBody(request, bodyBytes)) ?? Buffer.alloc(0);
    const call = callOf(request, body, targets.lambdaPrefix);
    const caller = hosts.callerOf(request.headers);
    const proxied: ProxiedCall = {
      call,
      apply: (other = body) => forward(agent, targets, request, call, other),
      endCaller: async () => caller?.end(),
    };
    const write = ({ status, headers, body: text }: HttpAnswer): void => {
      response.writeHead(status, { ...headers, date: httpDate(now()) }).end(text);
    };
    if (isMistimed(request.headers, now())) {
      write(mistimedAnswer(call));
      return;
    }
    const target = { ...call, function: caller?.functionName };
    const rule = decide(target, (kind) => isPossible(kind, call, caller !== undefined));
    const result = await applyFault(rule, proxied, previous);
    if (result === 'cut') response.destroy();
    else if (result !== 'silence') write(result);
  };

  return listen(serve, agent);
}

async function listen(
  serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  agent: Agent,
): Promise<FaultProxy> {
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    serve(request, response).catch((error: unknown) => {
      // The caller or the target disconnected: close the socket, as after a network failure.
      response.destroy();
      if (codeOf(error) === undefined) throw error;
    });
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  return {
    authority: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          agent.destroy();
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function callOf(request: IncomingMessage, body: Buffer, lambdaPrefix: string): AwsCall {
  const target = request.headers['x-amz-target'];
  if (target === 'AWSEvents.PutEvents') return putEventsCall;
  if (target !== undefined) return dynamoCall(request.headers, body);
  if (request.url?.startsWith(lambdaPrefix) === true) return invokeCall;
  return connectionsCall(request.method ?? '');
}

function isPossible(kind: FaultKind, call: AwsCall, hasCaller: boolean): boolean {
  switch (kind) {
    case 'stale':
      return mayBeStale(call);
    case 'split':
      return canSplit(call);
    case 'empty':
      return canBeEmpty(call);
    case 'kill':
      return hasCaller;
    default:
      return true;
  }
}

async function applyFault(
  rule: FaultRule | undefined,
  proxied: ProxiedCall,
  previous: PreviousAnswers,
): Promise<CallResult> {
  const { call, apply } = proxied;
  if (rule === undefined) return applyAndKeep(proxied, previous);
  const { fault, status, delayMs } = rule;
  const isAfter = rule.when === 'after';
  switch (fault) {
    case 'stale':
      return previous.of(call);
    case 'empty':
      return emptyPage(call);
    case 'split': {
      const answer = await apply(Buffer.from(JSON.stringify(splitInput(call))));
      if (answer.status !== 200) return answer;
      return jsonAnswer(splitAnswer(call, objectOr(parseJson(answer.body.toString()))));
    }
    case 'duplicate':
      await apply();
      return applyAndKeep(proxied, previous);
    case 'delay': {
      if (!isAfter) await wait(delayMs);
      const answer = await applyAndKeep(proxied, previous);
      if (isAfter) await wait(delayMs);
      return answer;
    }
    default:
      break;
  }
  if (isAfter) await apply();
  switch (fault) {
    case 'error':
      return errorAnswer(call, status);
    case 'throttle':
      return throttleAnswer(call);
    case 'reset':
      return 'cut';
    case 'kill':
      await proxied.endCaller();
      return 'cut';
    default:
      return 'silence';
  }
}

async function applyAndKeep({ call, apply }: ProxiedCall, previous: PreviousAnswers): Promise<HttpAnswer> {
  const answer = await apply();
  if (mayBeStale(call)) previous.keep(call, answer);
  return answer;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

function forward(
  agent: Agent,
  targets: ProxyTargets,
  request: IncomingMessage,
  call: AwsCall,
  body: Buffer,
): Promise<HttpAnswer> {
  const target = call.service === 'dynamodb' ? targets.dynamodb : targets.gateway;
  const url = new URL(request.url ?? '/', target);
  const headers = {
    ...request.headers,
    host: url.host,
    'content-length': String(body.length),
  };
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, { agent, method: request.method, headers }, (incoming) => {
      readBody(incoming, bodyBytes).then((answer = Buffer.alloc(0)) => {
        resolve({ status: incoming.statusCode ?? 502, headers: headersOf(incoming, answer), body: answer });
      }, reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The headers of the answer, without those of the connection. */
function headersOf({ headers }: IncomingMessage, body: Buffer): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name, value]) => typeof value === 'string' && !/^(connection|keep-alive|transfer-encoding)$/.test(name),
  );
  return { ...(Object.fromEntries(kept) as Record<string, string>), 'content-length': String(body.length) };
}
