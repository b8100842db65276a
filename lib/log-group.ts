/**
 * A log group as all of ours are: with an end, and removed or kept with the deployment's data.
 * Without one of its own, a function or API would log into a group that nobody ever empties.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

export interface LogSettings {
  /** One of the values that CloudWatch Logs accepts. */
  readonly retentionDays: number;
  /** Keep the group when the deployment is removed. */
  readonly retain: boolean;
}

/** @example createLogGroup(this, { retentionDays: 30, retain: false }) */
export function createLogGroup(scope: Construct, { retentionDays, retain }: LogSettings): LogGroup {
  const name = RetentionDays[retentionDays] as keyof typeof RetentionDays;
  return new LogGroup(scope, 'Log', {
    retention: RetentionDays[name],
    removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
}
