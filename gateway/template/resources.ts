/**
 * Reads the smaller resources of a template: tables, signing keys, schedules, and the edge.
 * Each reader turns one resource type into its part of the model.
 */
import { listOr, objectOr } from '../json';
import { readAttribute } from './attributes';
import type { FunctionReader } from './functions';
import type { EdgeModel, KeyModel, ScheduleModel, TableModel } from './model';
import type { Resolver, Resource } from './resolver';

export function readTables(resolver: Resolver): TableModel[] {
  return resolver.ofType('AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable').map((table) => {
    const { logicalId, properties } = table;
    const read = (property: string): unknown =>
      resolver.resolve(properties[property], { logicalId, property });
    const indexes = listOr(read('GlobalSecondaryIndexes')).map(objectOr);
    const localIndexes = listOr(read('LocalSecondaryIndexes'));
    const name = readAttribute(table, undefined, resolver) ?? logicalId;
    return {
      logicalId,
      name,
      definition: {
        TableName: name,
        KeySchema: read('KeySchema'),
        AttributeDefinitions: read('AttributeDefinitions'),
        BillingMode: 'PAY_PER_REQUEST',
        ...(indexes.length > 0 && {
          GlobalSecondaryIndexes: indexes.map(({ IndexName, KeySchema, Projection }) => ({
            IndexName,
            KeySchema,
            Projection,
          })),
        }),
        ...(localIndexes.length > 0 && { LocalSecondaryIndexes: localIndexes }),
      },
    };
  });
}

/** Signing keys on the curve P-256; the gateway does not need other keys. The number of its alias identifies a rotated key. */
export function readSigningKeys(resolver: Resolver): KeyModel[] {
  return resolver
    .ofType('AWS::KMS::Key')
    .filter(
      ({ properties }) => properties.KeyUsage === 'SIGN_VERIFY' && properties.KeySpec === 'ECC_NIST_P256',
    )
    .map((key) => {
      const arn = readAttribute(key, 'Arn', resolver) ?? '';
      return { id: readAttribute(key, undefined, resolver) ?? '', arn, number: keyNumber(arn, resolver) };
    });
}

function keyNumber(keyArn: string, resolver: Resolver): number {
  const alias = resolver
    .ofType('AWS::KMS::Alias')
    .find(
      ({ logicalId, properties }) =>
        resolver.text(properties.TargetKeyId, { logicalId, property: 'TargetKeyId' }) === keyArn,
    );
  const [, number = '1'] = /-(\d+)$/.exec(String(alias?.properties.AliasName)) ?? [];
  return Number(number);
}

const unitMs: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

export function readSchedules(resolver: Resolver, functions: FunctionReader): ScheduleModel[] {
  return resolver.ofType('AWS::Events::Rule', 'AWS::Scheduler::Schedule').flatMap((resource) => {
    const { logicalId, properties } = resource;
    if (properties.ScheduleExpression === undefined || properties.State === 'DISABLED') return [];
    const expression = resolver.text(properties.ScheduleExpression, {
      logicalId,
      property: 'ScheduleExpression',
    });
    const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
    return scheduleTargets(resource, resolver).map(({ arn, input }) => ({
      name: readAttribute(resource, undefined, resolver) ?? logicalId,
      arn: readAttribute(resource, 'Arn', resolver) ?? '',
      everyMs: count === undefined || unit === undefined ? undefined : Number(count) * (unitMs[unit] ?? 0),
      expression,
      functionName: functions.nameIn(arn, { logicalId, property: 'Targets' }),
      input,
    }));
  });
}

/** A rule of EventBridge has several targets, a schedule has one. Only functions run. */
function scheduleTargets(
  { logicalId, properties }: Resource,
  resolver: Resolver,
): { arn: string; input: string | undefined }[] {
  const location = { logicalId, property: 'Targets' };
  return [...listOr(properties.Targets), properties.Target]
    .map(objectOr)
    .filter((target) => target.Arn !== undefined)
    .map((target) => ({
      arn: resolver.text(target.Arn, location),
      input: target.Input === undefined ? undefined : resolver.text(target.Input, location),
    }))
    .filter(({ arn }) => arn.includes(':lambda:'));
}

/** The default behaviour of the first distribution, with its viewer-request Function. */
export function readEdge(resolver: Resolver): EdgeModel | undefined {
  const [distribution] = resolver.ofType('AWS::CloudFront::Distribution');
  if (distribution === undefined) return undefined;
  const { logicalId } = distribution;
  const config = objectOr(distribution.properties.DistributionConfig);
  const behaviour = objectOr(config.DefaultCacheBehavior);
  const location = { logicalId, property: 'DistributionConfig.DefaultCacheBehavior' };
  const origin = listOr(config.Origins)
    .map(objectOr)
    .find(
      ({ Id }) =>
        Id !== undefined && resolver.text(Id, location) === resolver.text(behaviour.TargetOriginId, location),
    );
  const association = listOr(behaviour.FunctionAssociations)
    .map(objectOr)
    .find(({ EventType }) => EventType === 'viewer-request');
  return {
    domainName: readAttribute(distribution, 'DomainName', resolver),
    functionCode: association && functionCode(resolver.text(association.FunctionARN, location), resolver),
    originPath: origin?.OriginPath === undefined ? '' : resolver.text(origin.OriginPath, location),
    originHeaders: listOr(origin?.OriginCustomHeaders)
      .map(objectOr)
      .map(({ HeaderName, HeaderValue }) => [
        resolver.text(HeaderName, location),
        resolver.text(HeaderValue, location),
      ]),
  };
}

function functionCode(arn: string, resolver: Resolver): string | undefined {
  const found = resolver
    .ofType('AWS::CloudFront::Function')
    .find((each) => readAttribute(each, 'FunctionARN', resolver) === arn);
  if (found === undefined) return undefined;
  const { logicalId, properties } = found;
  return resolver.text(properties.FunctionCode, { logicalId, property: 'FunctionCode' });
}
