/** Reads the queues of a template that feed a function. */
import { listOr, objectOr } from '../json';
import { readAttribute } from './attributes';
import type { FunctionReader } from './functions';
import type { QueueModel } from './model';
import type { Resolver } from './resolver';

export function readQueues(resolver: Resolver, functions: FunctionReader): QueueModel[] {
  const queues = resolver.ofType('AWS::SQS::Queue');
  return resolver.ofType('AWS::Lambda::EventSourceMapping').flatMap(({ logicalId, properties }) => {
    const at = (property: string) => ({ logicalId, property });
    const arn = resolver.text(properties.EventSourceArn, at('EventSourceArn'));
    const queue = queues.find((each) => readAttribute(each, 'Arn', resolver) === arn);
    if (queue === undefined) return [];
    const name = resolver.text(properties.FunctionName, at('FunctionName'));
    const redrive = objectOr(
      resolver.resolve(queue.properties.RedrivePolicy, {
        ...at('RedrivePolicy'),
        logicalId: queue.logicalId,
      }),
    );
    return [
      {
        url: readAttribute(queue, undefined, resolver) ?? '',
        arn,
        functionName: functions.nameIn(name, at('FunctionName')),
        batchSize: Number(properties.BatchSize ?? 10),
        reportsFailures: listOr(properties.FunctionResponseTypes).includes('ReportBatchItemFailures'),
        // The default of SQS.
        visibilityMs: Number(queue.properties.VisibilityTimeout ?? 30) * 1_000,
        maxReceives: Number(redrive.maxReceiveCount ?? Infinity),
        deadLetterArn:
          typeof redrive.deadLetterTargetArn === 'string' ? redrive.deadLetterTargetArn : undefined,
      },
    ];
  });
}
