/**
 * The queues of the stack that feed no function, in memory: failed events and dead letters wait there until somebody receives and
 * deletes them. Sources: Amazon SQS developer guide, Visibility timeout; API reference.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../clock';
import type { CostMeter } from '../costs/meter';
import type { Metrics } from '../metrics/metrics';
import type { StoredQueueModel } from '../template/model';

export interface Sent {
  MessageId: string;
  MD5OfMessageBody: string;
}

interface Message {
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  receives: number;
  /** Hidden until then. */
  visibleAt: number;
}

export interface Received {
  MessageId: string;
  /** Of the newest receive; an earlier one deletes nothing. */
  ReceiptHandle: string;
  Body: string;
  MD5OfBody: string;
}

export interface Visibility {
  readonly receipt: string;
  readonly visibilityMs: number;
}

/** Each method that is an operation of SQS is a request to it. */
export class StoredQueue {
  private messages: Message[] = [];

  constructor(
    readonly model: StoredQueueModel,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly metrics: Pick<Metrics, 'addQueued'>,
    private readonly costs: Pick<CostMeter, 'queued'>,
  ) {}

  send(bodies: readonly string[]): Sent[] {
    this.costs.queued(bytesOf(bodies));
    return bodies.map((body) => this.add(body));
  }

  /** From inside of AWS. */
  add(body: string): Sent {
    const id = randomUUID();
    const now = this.clock.now();
    this.messages.push({ id, body, sentAt: now, receives: 0, visibleAt: now });
    this.metrics.addQueued(this.model.arn);
    return { MessageId: id, MD5OfMessageBody: md5(body) };
  }

  /** At once, whatever the request waits for: one process has no servers that a call could miss. */
  receive(most: number, visibilityMs = this.model.visibilityMs): Received[] {
    const now = this.clock.now();
    const received = this.kept()
      .filter(({ visibleAt }) => visibleAt <= now)
      .slice(0, most);
    this.costs.queued(bytesOf(received.map(({ body }) => body)));
    return received.map((message) => {
      message.receives += 1;
      message.visibleAt = now + visibilityMs;
      const { id, body } = message;
      return { MessageId: id, ReceiptHandle: receiptOf(message), Body: body, MD5OfBody: md5(body) };
    });
  }

  /** Succeeds with earlier receipts, too. */
  delete(receipts: readonly string[]): void {
    this.costs.queued(0);
    this.messages = this.messages.filter((message) => !receipts.includes(receiptOf(message)));
  }

  /** Whether somebody has each message by this receipt; where not, nothing changes. */
  changeVisibility(changes: readonly Visibility[]): boolean[] {
    this.costs.queued(0);
    const now = this.clock.now();
    return changes.map(({ receipt, visibilityMs }) => {
      const message = this.kept().find((each) => receiptOf(each) === receipt && each.visibleAt > now);
      if (message !== undefined) message.visibleAt = now + visibilityMs;
      return message !== undefined;
    });
  }

  counts(): { visible: number; hidden: number } {
    this.costs.queued(0);
    const now = this.clock.now();
    const kept = this.kept();
    const hidden = kept.filter(({ visibleAt }) => visibleAt > now).length;
    return { visible: kept.length - hidden, hidden };
  }

  private kept(): Message[] {
    const oldest = this.clock.now() - this.model.retentionMs;
    return (this.messages = this.messages.filter(({ sentAt }) => sentAt > oldest));
  }
}

/** By ARN, as destinations of functions and dead letters name them. */
export class StoredQueues {
  readonly all: readonly StoredQueue[];

  constructor(
    models: readonly StoredQueueModel[],
    clock: Pick<Clock, 'now'>,
    private readonly metrics: Pick<Metrics, 'addQueued'>,
    costs: Pick<CostMeter, 'queued'>,
  ) {
    this.all = models.map((model) => new StoredQueue(model, clock, metrics, costs));
  }

  /** A queue of another stack only counts. */
  add(arn: string, body: string): void {
    const queue = this.all.find(({ model }) => model.arn === arn);
    if (queue === undefined) this.metrics.addQueued(arn);
    else queue.add(body);
  }
}

function receiptOf({ id, receives }: Message): string {
  return `${id}.${receives}`;
}

function bytesOf(bodies: readonly string[]): number {
  return bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0);
}

function md5(body: string): string {
  return createHash('md5').update(body).digest('hex');
}
