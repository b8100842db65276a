/**
 * Whether a function may make a call to `@connections`: the policies of its role are asked, as IAM would.
 * Who calls is told by the session token that the gateway gave to the function; signatures are not verified.
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

  /** The complaint of IAM, or `undefined` when the call may go on. */
  denial(request: IncomingMessage, connectionId: string): string | undefined {
    const policy = this.isChecking ? this.functions.get(callerOf(request))?.callbackPolicy : undefined;
    // A caller that is no function of the stack, or whose role is none of the stack's, is not ours to judge.
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

/** The function that makes a call; empty when it is none of the stack's. */
export function callerOf({ headers }: IncomingMessage): string {
  const token = String(headers['x-amz-security-token'] ?? '');
  return token.startsWith(sessionTokenOf('')) ? token.slice(sessionTokenOf('').length) : '';
}
