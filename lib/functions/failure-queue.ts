/** The queue of events that an asynchronous function failed to handle. No code reads it: operators do. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge';

export class FailureQueue extends Construct {
  readonly arn: string;
  readonly url: string;
  readonly queue: IQueue;

  constructor(scope: Construct, id: string, { retain }: { readonly retain: boolean }) {
    super(scope, id);
    const queue = new Queue(this, 'Resource', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // The maximum of SQS.
      retentionPeriod: Duration.days(14),
      removalPolicy: retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    });
    acknowledge(queue, 'AwsSolutions-SQS3', 'It is itself the place for what failed.');
    this.arn = queue.queueArn;
    this.url = queue.queueUrl;
    this.queue = queue;
  }
}
