/** The CDK app of the package, for `artcafe deploy`: the stack of the checkout, without the rules that check its source. */
import { context } from '../../cdk.json';
import { addStack } from '../pubsub-stack';
import { runApp } from '../run-app';

runApp(addStack, context);
