/**
 * A log group with a retention, removed or kept with the data of the deployment. Without it, AWS creates a group that
 * never expires.
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
    removalPolicy: retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
  });
}
