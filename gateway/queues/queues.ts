/**
 * The queues of the stack that feed a function, in memory: batches, partial failures, the visibility timeout on the gateway's clock,
 * and the dead-letter queue.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../clock';
import type { CostMeter } from '../costs/meter';
import type { Functions } from '../functions/functions';
import { listOr, objectOr } from '../json';
import type { Logger } from '../options';
import { region } from '../platform';
import type { QueueModel } from '../template/model';
import type { Sent, StoredQueues } from './stored-queue';

interface Message {
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  receives: number;
}

export class Queue {
  private waiting: Message[] = [];
  private isRunning = false;

  constructor(
    readonly model: QueueModel,
    private readonly functions: Functions,
    private readonly clock: Clock,
    private readonly stored: Pick<StoredQueues, 'add'>,
    private readonly costs: CostMeter,
    private readonly log: Logger,
  ) {
    costs.polls();
  }

  /** The messages of one request, in their order. */
  send(bodies: readonly string[]): Sent[] {
    this.costs.queued(bytesOf(bodies));
    const sent = bodies.map((body) => {
      const id = randomUUID();
      this.waiting.push({ id, body, sentAt: this.clock.now(), receives: 0 });
      return { MessageId: id, MD5OfMessageBody: createHash('md5').update(body).digest('hex') };
    });
    void this.run();
    return sent;
  }

  private async run(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    // After the senders of this turn, so that a batch can have more than one message.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) await this.deliver(this.waiting.splice(0, this.model.batchSize));
    this.isRunning = false;
  }

  private async deliver(batch: Message[]): Promise<void> {
    for (const message of batch) message.receives += 1;
    this.costs.queued(bytesOf(batch.map(({ body }) => body)));
    const event = { Records: batch.map((message) => this.record(message)) };
    const result = await this.functions.invoke(this.model.functionName, JSON.stringify(event));
    const failed = result.ok ? this.failedIn(result.payload) : undefined;
    const back = batch.filter(({ id }) => failed?.has(id) ?? true);
    for (const message of back) this.giveBack(message);
    // Lambda deletes the others with one request.
    if (back.length < batch.length) this.costs.queued(0);
  }

  /** Ids of the messages that the function gives back. */
  private failedIn(payload: string): Set<unknown> {
    if (!this.model.reportsFailures) return new Set();
    const failures = listOr(objectOr(JSON.parse(payload)).batchItemFailures);
    return new Set(failures.map((each) => objectOr(each).itemIdentifier));
  }

  private giveBack(message: Message): void {
    const { visibilityMs, maxReceives, deadLetterArn, functionName } = this.model;
    if (deadLetterArn === undefined || message.receives < maxReceives) {
      this.clock.after(visibilityMs, () => {
        this.waiting.push(message);
        return this.run();
      });
      return;
    }
    this.stored.add(deadLetterArn, message.body);
    this.log({
      function: functionName,
      stream: 'platform',
      text: `The message ${message.id} goes to ${deadLetterArn}: ${message.body}`,
    });
  }

  /** Source: AWS Lambda developer guide, Using Lambda with Amazon SQS. */
  private record({ id, body, sentAt, receives }: Message): object {
    return {
      messageId: id,
      receiptHandle: id,
      body,
      attributes: {
        ApproximateReceiveCount: String(receives),
        SentTimestamp: String(sentAt),
        SenderId: 'LAPTOP',
        ApproximateFirstReceiveTimestamp: String(sentAt),
      },
      messageAttributes: {},
      md5OfBody: createHash('md5').update(body).digest('hex'),
      eventSource: 'aws:sqs',
      eventSourceARN: this.model.arn,
      awsRegion: region,
    };
  }
}

function bytesOf(bodies: readonly string[]): number {
  return bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0);
}
