/**
 * Whether a function may make a call to `@connections`: evaluates the policies of its role, as IAM does. The session
 * token that the gateway gave to the function identifies the caller; signatures are not verified.
 */
import type { IncomingMessage } from 'node:http';
import type { ApiFacts } from '../events/request-context';
import { evaluatePolicy } from '../policy';
import { accountId, credentials, partition, region } from '../platform';
import type { FunctionModel } from '../template/model';

export const callbackAction = 'execute-api:ManageConnections';

export class Permissions {
  constructor(
    private readonly functions: Map<string, FunctionModel>,
    private readonly api: ApiFacts,
    private readonly isChecking: boolean,
  ) {}

  /** The error message of IAM, or `undefined` when the call is allowed. */
  denial(request: IncomingMessage, connectionId: string): string | undefined {
    const policy = this.isChecking ? this.functions.get(callerOf(request))?.callbackPolicy : undefined;
    // Other callers, and functions with a role outside the stack, are not checked.
    if (policy === undefined) return undefined;
    const { apiId, stage } = this.api;
    const call = `${apiId}/${stage}/${String(request.method)}/@connections/${connectionId}`;
    const resource = `arn:${partition}:execute-api:${region}:${accountId}:${call}`;
    if (evaluatePolicy(policy, callbackAction, resource) === 'allow') return undefined;
    return `${callerOf(request)} is not authorized to perform: ${callbackAction} on resource: ${resource}`;
  }
}

/** The session token of a function's credentials. */
export function sessionTokenOf(functionName: string): string {
  return `${credentials.sessionToken}/${functionName}`;
}

/** The function that makes a call; empty for other callers. */
export function callerOf({ headers }: IncomingMessage): string {
  const token = String(headers['x-amz-security-token'] ?? '');
  return token.startsWith(sessionTokenOf('')) ? token.slice(sessionTokenOf('').length) : '';
}
