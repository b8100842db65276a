/** A stack with one deployment: what `artcafe deploy` deploys and `npm start` runs. */
import { type App, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ArtCafePubSub } from './pubsub';
import { fixedRegion, type Settings, stackName } from './settings/config';

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

/**
 * @param chosenRegion the operator's region, if one is chosen
 * @throws SettingsError when the settings demand another region
 */
export function addStack(app: App, settings: Settings, chosenRegion?: string): PubSubStack {
  // Without a fixed region the template fits every account and region.
  const region = fixedRegion(settings, chosenRegion);
  return new PubSubStack(app, stackName(settings.deployment), {
    settings,
    ...(region === undefined ? {} : { env: { region } }),
  });
}
