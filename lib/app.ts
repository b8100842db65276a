/**
 * The app: one stack, checked against the AWS Solutions rules; a finding without a reason fails the synthesis.
 * Separate from the command in bin/, so that tests build exactly what is deployed.
 */
import { Validations, type App } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { addStack, type PubSubStack } from './pubsub-stack';
import type { Settings } from './settings/config';

/**
 * @param chosenRegion the operator's region, if one is chosen
 * @throws SettingsError when the settings demand another region
 */
export function addPubSub(app: App, settings: Settings, chosenRegion?: string): PubSubStack {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return addStack(app, settings, chosenRegion);
}
