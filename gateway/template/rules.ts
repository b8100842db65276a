/** Reads the rules of EventBridge that wait for events and have a function or a queue of the stack as a target. */
import { isObject, listOr, objectOr } from '../json';
import { readAttribute } from './attributes';
import type { FunctionReader } from './functions';
import type { QueueModel, RuleModel, RuleTargetModel } from './model';
import type { Resolver, Resource } from './resolver';

const defaultBus = 'default';

/** Other targets, such as those outside the stack, are left out. */
export function readRules(
  resolver: Resolver,
  functions: FunctionReader,
  queues: readonly QueueModel[],
): RuleModel[] {
  return resolver.ofType('AWS::Events::Rule').flatMap((resource) => {
    const { logicalId, properties } = resource;
    if (!isObject(properties.EventPattern) || properties.State === 'DISABLED') return [];
    const location = { logicalId, property: 'EventPattern' };
    const bus = resolver.text(properties.EventBusName ?? defaultBus, { logicalId, property: 'EventBusName' });
    return [
      {
        name: readAttribute(resource, undefined, resolver) ?? logicalId,
        // A name, or an ARN that ends in it.
        bus: bus.split('/').at(-1) ?? bus,
        pattern: objectOr(resolver.resolve(properties.EventPattern, location)),
        targets: targetsOf(resource, resolver, functions, queues),
      },
    ];
  });
}

function targetsOf(
  { logicalId, properties }: Resource,
  resolver: Resolver,
  functions: FunctionReader,
  queues: readonly QueueModel[],
): RuleTargetModel[] {
  const location = { logicalId, property: 'Targets' };
  return listOr(properties.Targets).flatMap((each) => {
    const target = objectOr(each);
    const arn = resolver.text(target.Arn, location);
    const queueUrl = queues.find((queue) => queue.arn === arn)?.url;
    const functionName = arn.includes(':lambda:') ? functions.nameIn(arn, location) : undefined;
    if (queueUrl === undefined && functionName === undefined) return [];
    const { Input, InputPath, InputTransformer } = objectOr(
      resolver.resolve(
        { Input: target.Input, InputPath: target.InputPath, InputTransformer: target.InputTransformer },
        location,
      ),
    );
    const { InputPathsMap, InputTemplate } = objectOr(InputTransformer);
    return [
      {
        queueUrl,
        functionName,
        input: typeof Input === 'string' ? Input : undefined,
        inputPath: typeof InputPath === 'string' ? InputPath : undefined,
        template: typeof InputTemplate === 'string' ? InputTemplate : undefined,
        paths: new Map(Object.entries(objectOr(InputPathsMap)).map(([name, path]) => [name, String(path)])),
      },
    ];
  });
}
