/**
 * The queue of events that an asynchronous function failed to handle, with ids and positions, and of messages of the publish queue
 * that were not accepted. Operators read it; an erasure removes from it what is about an agent or a tenant.
 */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge';

/** Of SQS. */
const maxHours = 14 * 24;

export interface FailureQueueProps {
  readonly retain: boolean;
  /** Of the log: a position in it means nothing afterwards. */
  readonly retentionHours: number;
}

export function failureHours(retentionHours: number): number {
  return Math.min(maxHours, Math.max(1, retentionHours));
}

export class FailureQueue extends Construct {
  readonly arn: string;
  readonly url: string;
  readonly queue: IQueue;

  constructor(scope: Construct, id: string, { retain, retentionHours }: FailureQueueProps) {
    super(scope, id);
    const queue = new Queue(this, 'Resource', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.hours(failureHours(retentionHours)),
      removalPolicy: retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    });
    acknowledge(queue, 'AwsSolutions-SQS3', 'It is itself the place for what failed.');
    this.arn = queue.queueArn;
    this.url = queue.queueUrl;
    this.queue = queue;
  }
}
