/** Keeps the messages of listed channels in S3 for longer than the log has them: one JSON object a line, compressed. */
import { Duration, Size, Stack, type StackProps } from 'aws-cdk-lib';
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { FirehoseDeliveryStream } from 'aws-cdk-lib/aws-events-targets';
import { Compression, DeliveryStream, S3Bucket } from 'aws-cdk-lib/aws-kinesisfirehose';
import { BlockPublicAccess, Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';

export interface ArchiveProps extends StackProps {
  /** The setting `deployment` of the bus. */
  readonly deployment: string;
  readonly keptDays: number;
}

export class Archive extends Stack {
  constructor(scope: Construct, id: string, { deployment, keptDays, ...props }: ArchiveProps) {
    super(scope, id, props);
    const bucket = new Bucket(this, 'Messages', {
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      lifecycleRules: [{ expiration: Duration.days(keptDays) }],
    });
    const stream = new DeliveryStream(this, 'Stream', {
      destination: new S3Bucket(bucket, {
        compression: Compression.GZIP,
        bufferingInterval: Duration.minutes(5),
        bufferingSize: Size.mebibytes(5),
      }),
    });
    // Without a line end, Firehose would write the objects one behind the other.
    const message = RuleTargetInput.fromText(`${EventField.fromPath('$.detail')}\n`);
    new Rule(this, 'Published', {
      eventPattern: { source: [`artcafe-pubsub.${deployment}`], detailType: ['message.published'] },
      targets: [new FirehoseDeliveryStream(stream, { message })],
    });
  }
}
