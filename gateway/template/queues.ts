/** Reads the queues of a template: those that feed a function, and the others. */
import { listOr, objectOr } from '../json';
import { readAttribute } from './attributes';
import type { FunctionReader } from './functions';
import type { QueueModel, StoredQueueModel } from './model';
import type { Resolver, Resource } from './resolver';

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
        visibilityMs: visibilityOf(queue),
        maxReceives: Number(redrive.maxReceiveCount ?? Infinity),
        deadLetterArn:
          typeof redrive.deadLetterTargetArn === 'string' ? redrive.deadLetterTargetArn : undefined,
      },
    ];
  });
}

/** Those that feed no function. */
export function readStoredQueues(resolver: Resolver, polled: readonly QueueModel[]): StoredQueueModel[] {
  return resolver.ofType('AWS::SQS::Queue').flatMap((queue) => {
    const arn = readAttribute(queue, 'Arn', resolver) ?? '';
    if (polled.some((each) => each.arn === arn)) return [];
    return [
      {
        url: readAttribute(queue, undefined, resolver) ?? '',
        arn,
        visibilityMs: visibilityOf(queue),
        // Four days: the default of SQS.
        retentionMs: Number(queue.properties.MessageRetentionPeriod ?? 345_600) * 1_000,
      },
    ];
  });
}

function visibilityOf({ properties }: Resource): number {
  // The default of SQS.
  return Number(properties.VisibilityTimeout ?? 30) * 1_000;
}
