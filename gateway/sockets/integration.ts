/**
 * Calls the function of a route as API Gateway's proxy integration does: with the integration's own timeout,
 * and with a check that the result is a response at all.
 */
import type { Clock } from '../clock';
import { type Functions, isThrottled } from '../functions/functions';
import { isObject, type JsonObject, parseJson } from '../json';
import type { IntegrationModel } from '../template/model';

export type IntegrationOutcome =
  | { kind: 'response'; statusCode: number; headers: JsonObject; body: string | undefined }
  /** The function failed, or its result is not a response. */
  | { kind: 'failed' }
  /** The function did not start because of Lambda's concurrency limit. */
  | { kind: 'throttled' }
  | { kind: 'timed-out' };

export function callIntegration(
  { functionName, timeoutMs }: IntegrationModel,
  event: object,
  functions: Functions,
  clock: Clock,
): Promise<IntegrationOutcome> {
  return new Promise((resolve, reject) => {
    // The function continues until its own timeout; only the gateway stops waiting.
    const timer = clock.after(timeoutMs, () => {
      resolve({ kind: 'timed-out' });
    });
    functions.invoke(functionName, JSON.stringify(event)).then((result) => {
      timer.cancel();
      if (result.ok) resolve(readResponse(result.payload));
      else resolve({ kind: isThrottled(result) ? 'throttled' : 'failed' });
    }, reject);
  });
}

/** A proxy response needs a status code, as a number or as its text. */
function readResponse(payload: string): IntegrationOutcome {
  const value = parseJson(payload);
  if (!isObject(value)) return { kind: 'failed' };
  const { statusCode, headers, body } = value;
  const status = typeof statusCode === 'string' ? Number(statusCode) : statusCode;
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 599)
    return { kind: 'failed' };
  return {
    kind: 'response',
    statusCode: status,
    headers: isObject(headers) ? headers : {},
    body: typeof body === 'string' ? body : undefined,
  };
}
