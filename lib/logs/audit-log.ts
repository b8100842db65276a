/** Copies the lines that functions mark for the audit log to the function that keeps them. */
import { FilterPattern, SubscriptionFilter } from 'aws-cdk-lib/aws-logs';
import { LambdaDestination } from 'aws-cdk-lib/aws-logs-destinations';
import { Construct } from 'constructs';
import type { FunctionName } from '../functions/function-row';
import type { NodeFunction } from '../functions/node-function';

/** The functions that mark lines. */
const sources = [
  'authorizer',
  'connect',
  'default',
  'http',
  'revoke',
] as const satisfies readonly FunctionName[];

export class AuditLog extends Construct {
  constructor(scope: Construct, id: string, functions: Readonly<Record<FunctionName, NodeFunction>>) {
    super(scope, id);
    for (const name of sources) {
      new SubscriptionFilter(this, `${name.charAt(0).toUpperCase()}${name.slice(1)}`, {
        logGroup: functions[name].function.logGroup,
        destination: new LambdaDestination(functions.audit.function),
        filterPattern: FilterPattern.booleanValue('$.audit', true),
      });
    }
  }
}
