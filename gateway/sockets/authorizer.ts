/**
 * The Lambda authorizer of `$connect`: identity sources, invocation, and what its answer means.
 * Runs once per handshake; WebSocket APIs cache no results.
 */
import type { ApiRuntime } from './api-runtime';
import { authorizerEvent, connectArn } from '../events/authorizer';
import { type HandshakeRequest, headerValue } from '../events/handshake-request';
import type { ApiFacts, AuthorizerContext, RequestContext } from '../events/request-context';
import { isObject, objectOr, parseJson } from '../json';
import { limits } from '../platform';
import { evaluatePolicy } from '../policy';
import type { AuthorizerModel, IdentitySource } from '../template/model';

export type Authorization =
  { allowed: true; context: AuthorizerContext } | { allowed: false; status: number };

const refused = (status: number): Authorization => ({ allowed: false, status });

export async function authorize(
  model: AuthorizerModel,
  request: HandshakeRequest,
  context: RequestContext,
  { facts: api, functions, unverified }: Pick<ApiRuntime, 'facts' | 'functions' | 'unverified'>,
): Promise<Authorization> {
  // AWS requires a value for every identity source; otherwise it does not invoke the function.
  const isComplete = model.identitySources.every(
    (source) => identityValue(source, request, api, context) !== '',
  );
  if (!isComplete) return refused(401);
  const started = performance.now();
  const event = JSON.stringify(authorizerEvent(request, api, context));
  const result = await functions.invoke(model.functionName, event);
  // The only error text with a meaning. After any other failure the client gets 500.
  if (!result.ok) return refused(result.error.errorMessage === 'Unauthorized' ? 401 : 500);
  const integrationLatency = Math.round(performance.now() - started);
  return interpretResult(result.payload, api, unverified.integrationLatency ? { integrationLatency } : {});
}

function interpretResult(payload: string, api: ApiFacts, measured: Record<string, number>): Authorization {
  const answer = parseJson(payload);
  if (!isObject(answer) || typeof answer.principalId !== 'string') return refused(500);
  if (Buffer.byteLength(payload) > limits.authorizerResultBytes) return refused(500);
  const values = flatContext(answer.context);
  const decision = evaluatePolicy(answer.policyDocument, 'execute-api:Invoke', connectArn(api));
  if (decision === 'malformed' || values === undefined) return refused(500);
  if (decision === 'deny') return refused(403);
  return { allowed: true, context: { ...values, principalId: answer.principalId, ...measured } };
}

/** Text, numbers and booleans, converted to text; `undefined` when a value is nested. */
function flatContext(context: unknown): Record<string, string> | undefined {
  if (context !== undefined && context !== null && !isObject(context)) return undefined;
  const entries = Object.entries(objectOr(context));
  const isFlat = entries.every(([, value]) => ['string', 'number', 'boolean'].includes(typeof value));
  return isFlat ? Object.fromEntries(entries.map(([name, value]) => [name, String(value)])) : undefined;
}

/** Header names are case-insensitive; a missing value is the empty text. */
function identityValue(
  { from, name }: IdentitySource,
  request: HandshakeRequest,
  api: ApiFacts,
  context: RequestContext,
): string {
  switch (from) {
    case 'header':
      return headerValue(request.headers, name.toLowerCase()) ?? '';
    case 'querystring':
      return new URLSearchParams(request.query).getAll(name).at(-1) ?? '';
    case 'stageVariables':
      return api.stageVariables[name] ?? '';
    case 'context': {
      const value = name.split('.').reduce<unknown>((inner, key) => objectOr(inner)[key], context);
      return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
    }
  }
}
