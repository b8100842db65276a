/** Reads the filters on the log groups of the functions: for metrics, and subscriptions of functions. Filters on other log groups have no lines here. */
import { listOr, objectOr } from '../json';
import { readAttribute } from './attributes';
import type { FunctionReader } from './functions';
import type { LogSubscriptionModel, MetricFilterModel } from './model';
import type { Resolver } from './resolver';

export function readMetricFilters(resolver: Resolver, { functions }: FunctionReader): MetricFilterModel[] {
  const functionsOf = functionsByLogGroup(resolver);
  return resolver.ofType('AWS::Logs::MetricFilter').flatMap(({ logicalId, properties }) => {
    const text = (value: unknown, property: string): string => resolver.text(value, { logicalId, property });
    const readers = (functionsOf.get(text(properties.LogGroupName, 'LogGroupName')) ?? []).filter((name) =>
      functions.has(name),
    );
    if (readers.length === 0) return [];
    const [transformation] = listOr(properties.MetricTransformations).map(objectOr);
    const { MetricNamespace, MetricName, MetricValue, Unit } = transformation ?? {};
    return [
      {
        functions: readers,
        pattern: text(properties.FilterPattern, 'FilterPattern'),
        namespace: text(MetricNamespace, 'MetricNamespace'),
        name: text(MetricName, 'MetricName'),
        value: text(MetricValue, 'MetricValue'),
        unit: Unit === undefined ? 'None' : text(Unit, 'Unit'),
      },
    ];
  });
}

/** Subscriptions of functions; other destinations have no reader here. */
export function readSubscriptions(resolver: Resolver, reader: FunctionReader): LogSubscriptionModel[] {
  const functionsOf = functionsByLogGroup(resolver);
  return resolver.ofType('AWS::Logs::SubscriptionFilter').flatMap(({ logicalId, properties }) => {
    const text = (property: string): string => resolver.text(properties[property], { logicalId, property });
    const arn = text('DestinationArn');
    const writers = functionsOf.get(text('LogGroupName')) ?? [];
    if (!arn.includes(':lambda:') || writers.length === 0) return [];
    const functionName = reader.nameIn(arn, { logicalId, property: 'DestinationArn' });
    return [{ functions: writers, pattern: text('FilterPattern'), functionName }];
  });
}

function functionsByLogGroup(resolver: Resolver): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const resource of resolver.ofType('AWS::Lambda::Function')) {
    const { logicalId, properties } = resource;
    const name = readAttribute(resource, undefined, resolver) ?? logicalId;
    const given = objectOr(properties.LoggingConfig).LogGroup;
    const location = { logicalId, property: 'LoggingConfig.LogGroup' };
    const group = given === undefined ? `/aws/lambda/${name}` : resolver.text(given, location);
    found.set(group, [...(found.get(group) ?? []), name]);
  }
  return found;
}
