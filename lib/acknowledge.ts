/**
 * The one way to accept a finding of the security checks: on one construct, with the reason next to it. Any other
 * finding fails the synthesis.
 */
import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** @example acknowledge(route, 'AwsSolutions-APIG4', 'The platform accepts an authorizer on $connect only.') */
export function acknowledge(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: rule, reason });
}

/** Accepts a `*` in exactly this resource of a policy; any other wildcard stays a finding. */
export function acknowledgeWildcard(construct: IConstruct, resourceArn: string, reason: string): void {
  const resource = flattened(Stack.of(construct).resolve(resourceArn));
  acknowledge(construct, `AwsSolutions-IAM5[Resource::${resource}]`, reason);
}

/** The checks write a reference as `<LogicalId>`, so the id of the finding does too. */
function flattened(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref: reference, 'Fn::Join': join } = value as { Ref?: string; 'Fn::Join'?: [string, unknown[]] };
  return join === undefined ? `<${reference ?? ''}>` : join[1].map(flattened).join(join[0]);
}
