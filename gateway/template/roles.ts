/**
 * Reads the permissions of a function's role for `@connections`: inline, attached and managed policies of the stack.
 * Other statements are ignored, because they may refer to unsupported resources.
 */
import { isList, isObject, listOr, objectOr } from '../json';
import { callbackAction } from '../http/permissions';
import { appliesTo } from '../policy';
import type { Resolver, Resource } from './resolver';

/** A policy document with the relevant statements; `undefined` when the role is outside the stack. */
export function readCallbackPolicy(lambda: Resource, resolver: Resolver): object | undefined {
  const roleId = referredId(lambda.properties.Role);
  const role = roleId === undefined ? undefined : resolver.resources.get(roleId);
  if (roleId === undefined || role?.type !== 'AWS::IAM::Role') return undefined;
  const inline = listOr(role.properties.Policies).map((policy) => ({
    owner: role,
    document: objectOr(policy).PolicyDocument,
  }));
  const attached = resolver
    .ofType('AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy')
    .filter(({ properties }) => listOr(properties.Roles).some((each) => referredId(each) === roleId))
    .map((policy) => ({ owner: policy, document: policy.properties.PolicyDocument }));
  const managedIds = new Set(listOr(role.properties.ManagedPolicyArns).map(referredId));
  const managed = resolver
    .ofType('AWS::IAM::ManagedPolicy')
    .filter(({ logicalId }) => managedIds.has(logicalId))
    .map((policy) => ({ owner: policy, document: policy.properties.PolicyDocument }));
  const statements = [...inline, ...attached, ...managed].flatMap(({ owner, document }) =>
    statementsIn(document)
      .filter((statement) => appliesTo(callbackAction, statement))
      .map((statement) =>
        resolver.resolve(statement, { logicalId: owner.logicalId, property: 'PolicyDocument' }),
      ),
  );
  return { Statement: statements };
}

function statementsIn(document: unknown): Record<string, unknown>[] {
  const { Statement } = objectOr(document);
  return (isList(Statement) ? Statement : [Statement]).filter(isObject);
}

/** The logical id in `{ Ref }` or `{ Fn::GetAtt }`. */
function referredId(value: unknown): string | undefined {
  const { Ref, 'Fn::GetAtt': attribute } = objectOr(value);
  const id = Ref ?? (isList(attribute) ? attribute[0] : attribute);
  return typeof id === 'string' ? id.split('.')[0] : undefined;
}
