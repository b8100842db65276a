/** The CDK app of the checkout (see cdk.json). */
import { addPubSub } from '../lib/app';
import { runApp } from '../lib/run-app';

runApp(addPubSub);
