/** A stack with one deployment: what `npm run deploy` deploys and `npm start` runs. */
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ArtCafePubSub } from './pubsub';
import type { Settings } from './settings/config';

export interface PubSubStackProps extends StackProps {
  readonly settings: Settings;
}

/** @example new PubSubStack(new App(), 'ArtCafePubSub', { settings: parseSettings({}) }) */
export class PubSubStack extends Stack {
  constructor(scope: Construct, id: string, { settings, ...props }: PubSubStackProps) {
    super(scope, id, { description: 'A realtime message bus for fleets of software agents', ...props });
    // The CDK leaves `Default` out of logical ids: tables and key keep those of the releases before the construct.
    new ArtCafePubSub(this, 'Default', settings);
  }
}
