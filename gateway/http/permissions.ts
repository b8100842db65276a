/**
 * Whether a function may make a call to `@connections`: evaluates the policies of its role, as IAM does. The session
 * token identifies the caller; signatures are not verified.
 */
import type { IncomingMessage } from 'node:http';
import { callerOf } from '../caller';
import type { ApiFacts } from '../events/request-context';
import { evaluatePolicy } from '../policy';
import { accountId, partition, region } from '../platform';
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
    const { functionName } = callerOf(request.headers);
    const policy = this.isChecking ? this.functions.get(functionName)?.callbackPolicy : undefined;
    // Other callers, and functions with a role outside the stack, are not checked.
    if (policy === undefined) return undefined;
    const { apiId, stage } = this.api;
    const call = `${apiId}/${stage}/${String(request.method)}/@connections/${connectionId}`;
    const resource = `arn:${partition}:execute-api:${region}:${accountId}:${call}`;
    if (evaluatePolicy(policy, callbackAction, resource) === 'allow') return undefined;
    return `${functionName} is not authorized to perform: ${callbackAction} on resource: ${resource}`;
  }
}
