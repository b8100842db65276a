/**
 * The failure queue over SQS, by hand, as for EventBridge. Source: Amazon SQS API reference (JSON 1.0).
 */
import type { FailedEvent, FailedEvents } from '../shared/stores/failed-events';
import { errorTypeIn, mayPass, type PostAnswer, signedPost } from './calls/signed-post';

/** A long poll asks all servers of the queue: a short one may find nothing where there is something. */
const pollSeconds = 1;
const callMs = 5_000;
const batchSize = 10;

interface BatchAnswer {
  readonly Successful?: readonly { readonly Id: string }[];
}

export class SqsFailedEvents implements FailedEvents {
  private readonly region: string;
  private readonly url: URL;

  constructor(
    private readonly queueUrl: string,
    private readonly env: NodeJS.ProcessEnv = process.env,
  ) {
    this.region = env.AWS_REGION ?? '';
    this.url = new URL(env.AWS_ENDPOINT_URL_SQS ?? new URL('/', queueUrl));
  }

  async receive(seconds: number): Promise<readonly FailedEvent[]> {
    const { Messages: messages = [] } = await this.call<{
      readonly Messages?: readonly { MessageId: string; ReceiptHandle: string; Body: string }[];
    }>('ReceiveMessage', {
      MaxNumberOfMessages: batchSize,
      VisibilityTimeout: seconds,
      WaitTimeSeconds: pollSeconds,
    });
    return messages.map(({ MessageId: id, ReceiptHandle: receipt, Body: body }) => ({ id, receipt, body }));
  }

  async remove(events: readonly FailedEvent[]): Promise<readonly string[]> {
    const { Successful: removed = [] } = await this.call<BatchAnswer>('DeleteMessageBatch', {
      Entries: entriesOf(events),
    });
    return removed.flatMap(({ Id }) => events[Number(Id)]?.id ?? []);
  }

  async giveBack(events: readonly FailedEvent[]): Promise<void> {
    await this.call('ChangeMessageVisibilityBatch', {
      Entries: entriesOf(events).map((entry) => ({ ...entry, VisibilityTimeout: 0 })),
    });
  }

  async held(): Promise<number> {
    const name = 'ApproximateNumberOfMessagesNotVisible';
    const { Attributes: attributes } = await this.call<{ readonly Attributes: Record<string, string> }>(
      'GetQueueAttributes',
      { AttributeNames: [name] },
    );
    return Number(attributes[name]);
  }

  private async call<Answer>(operation: string, input: object): Promise<Answer> {
    const answer = await this.attempt(operation, input);
    const { status, body } = mayPass(answer) ? await this.attempt(operation, input) : answer;
    if (status === 200) return JSON.parse(body) as Answer;
    // As the errors of the SDK, whose reason goes to the log.
    throw Object.assign(new Error(`SQS answered ${status} to ${operation}`), {
      name: errorTypeIn(body) || 'SqsError',
      $metadata: { httpStatusCode: status },
    });
  }

  private attempt(operation: string, input: object): Promise<PostAnswer> {
    const post = {
      service: 'sqs',
      region: this.region,
      url: this.url,
      contentType: 'application/x-amz-json-1.0',
      serviceHeaders: { 'x-amz-target': `AmazonSQS.${operation}` },
      body: JSON.stringify({ QueueUrl: this.queueUrl, ...input }),
      timeoutMs: callMs,
    };
    return signedPost(post, this.env);
  }
}

/** Their ids in a batch are their places. */
function entriesOf(events: readonly FailedEvent[]): { Id: string; ReceiptHandle: string }[] {
  return events.map(({ receipt }, index) => ({ Id: String(index), ReceiptHandle: receipt }));
}
