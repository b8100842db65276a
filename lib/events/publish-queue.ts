/** The queue whose messages are publishes, for senders that speak no WebSocket: EventBridge rules, S3, Step Functions, cron jobs. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { NodeFunction } from '../functions/node-function';

export interface PublishQueueProps {
  readonly retain: boolean;
  readonly function: NodeFunction;
  /** For messages that were not accepted. */
  readonly failures: IQueue;
}

/** Three attempts within ten minutes: that far back the service looks for the first copy of a message. */
const visibilitySeconds = 180;
const attempts = 3;

export class PublishQueue extends Construct {
  readonly queue: Queue;

  constructor(scope: Construct, id: string, { retain, function: fn, failures }: PublishQueueProps) {
    super(scope, id);
    this.queue = new Queue(this, 'Resource', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(visibilitySeconds),
      deadLetterQueue: { queue: failures, maxReceiveCount: attempts },
      removalPolicy: retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    });
    // Five of the ten functions that a new account runs at once.
    const source = { batchSize: 10, reportBatchItemFailures: true, maxConcurrency: 5 };
    fn.function.addEventSource(new SqsEventSource(this.queue, source));
  }
}
