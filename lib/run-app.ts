/** Runs as an app of the toolkit, which hands over its context: reads the settings, creates the stack; nothing else. */
import { App } from 'aws-cdk-lib';
import { readSettings } from './settings/read-settings';
import type { Settings } from './settings/config';
import { SettingsError } from './settings/settings-error';

/** @param context the least of the app's context, which cdk.json and the command line override */
export function runApp(
  add: (app: App, settings: Settings, chosenRegion?: string) => unknown,
  context: Readonly<Record<string, unknown>> = {},
): void {
  // Usage reports would add a metadata resource to the template.
  const app = new App({ analyticsReporting: false, context });
  try {
    const given = app.node.getAllContext() as Record<string, unknown>;
    const settings = readSettings({ directory: process.cwd(), context: given });
    add(app, settings, process.env.CDK_DEFAULT_REGION);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    // Exit now: otherwise the app synthesizes itself, without a stack, when the process ends.
    process.exit(1);
  }
}
