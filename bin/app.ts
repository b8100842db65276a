/**
 * The CDK app: reads the settings, creates the stack; nothing else.
 * The toolkit runs it (see cdk.json) and hands over its context.
 */
import { App } from 'aws-cdk-lib';
import { addPubSub } from '../lib/app';
import { readSettings } from '../lib/settings/read-settings';
import { SettingsError } from '../lib/settings/settings-error';

// Usage reports would add a metadata resource to the template.
const app = new App({ analyticsReporting: false });
try {
  const context = app.node.getAllContext() as Record<string, unknown>;
  const settings = readSettings({ directory: process.cwd(), context });
  addPubSub(app, settings, process.env.CDK_DEFAULT_REGION);
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  // Exit now: otherwise the app synthesizes itself, without a stack, when the process ends.
  process.exit(1);
}
