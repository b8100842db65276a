/**
 * What Lambda sends to the failure destination of an asynchronous invocation. Source: AWS Lambda developer guide, Capturing records
 * of Lambda asynchronous invocations.
 */
import { randomUUID } from 'node:crypto';
import { parseJson } from '../json';
import type { FunctionModel } from '../template/model';
import type { InvocationResult } from './function-host';

export interface FailedInvocation {
  readonly model: Pick<FunctionModel, 'arn'>;
  readonly payload: string;
  readonly error: Extract<InvocationResult, { ok: false }>['error'];
  readonly attempts: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

export function invocationRecord({ model, payload, error, attempts, at }: FailedInvocation): string {
  return JSON.stringify({
    version: '1.0',
    timestamp: new Date(at).toISOString(),
    requestContext: {
      requestId: randomUUID(),
      functionArn: `${model.arn}:$LATEST`,
      condition: 'RetriesExhausted',
      approximateInvokeCount: attempts,
    },
    requestPayload: parseJson(payload),
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: error,
  });
}
