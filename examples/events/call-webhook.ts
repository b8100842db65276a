/** Calls a webhook when an agent comes or goes, or a token is revoked. EventBridge retries for a day; then the event is in the queue. */
import { Duration, SecretValue, Stack, type StackProps } from 'aws-cdk-lib';
import { ApiDestination, Authorization, Connection, Rule } from 'aws-cdk-lib/aws-events';
import { ApiDestination as ApiDestinationTarget } from 'aws-cdk-lib/aws-events-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

export interface CallWebhookProps extends StackProps {
  /** The setting `deployment` of the bus. */
  readonly deployment: string;
  readonly url: string;
  /** Name of a secret in Secrets Manager: the value of the header `X-Api-Key`. */
  readonly apiKeySecret: string;
}

export class CallWebhook extends Stack {
  constructor(scope: Construct, id: string, { deployment, url, apiKeySecret, ...props }: CallWebhookProps) {
    super(scope, id, props);
    const connection = new Connection(this, 'Connection', {
      authorization: Authorization.apiKey('X-Api-Key', SecretValue.secretsManager(apiKeySecret)),
    });
    const destination = new ApiDestination(this, 'Destination', {
      connection,
      endpoint: url,
      rateLimitPerSecond: 10,
    });
    const deadLetterQueue = new Queue(this, 'Undelivered', { retentionPeriod: Duration.days(14) });
    new Rule(this, 'Changes', {
      eventPattern: {
        source: [`artcafe-pubsub.${deployment}`],
        detailType: ['agent.connected', 'agent.disconnected', 'token.revoked'],
      },
      targets: [new ApiDestinationTarget(destination, { deadLetterQueue, maxEventAge: Duration.hours(24) })],
    });
  }
}
