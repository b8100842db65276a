/**
 * Request and reply between two agents, made of direct messages: the reply names the request.
 */
import { PubSubError } from './errors';
import { type JsonObject, type Message, newId, type PublishOptions } from './messages';
import type { Receipt } from './outbox';
import type { Cancel, Timers } from './timers';

export interface RequestOptions {
  /** How long to wait for the reply, in milliseconds. Default 30,000. */
  readonly timeout?: number;
  readonly metadata?: JsonObject;
}

/** What it returns is the reply; what it throws is told to the other agent as a failure. */
export type RequestHandler = (content: unknown, message: Message) => unknown;

export type SendDirect = (
  to: string,
  content: unknown,
  options: PublishOptions & { readonly expectsReply?: boolean },
) => Promise<Receipt>;

interface Pending {
  readonly resolve: (reply: Message) => void;
  readonly reject: (error: PubSubError) => void;
  readonly cancel: Cancel;
}

const replyType = 'reply';
const failureType = 'reply.failed';

export class Requests {
  handler: RequestHandler | undefined;
  private readonly pending = new Map<string, Pending>();

  constructor(
    private readonly send: SendDirect,
    private readonly timers: Timers,
  ) {}

  isReply({ type, inReplyTo }: Message): boolean {
    return inReplyTo !== undefined && (type === replyType || type === failureType);
  }

  isRequest(message: Message): boolean {
    return this.handler !== undefined && message.expectsReply && !this.isReply(message);
  }

  async request(
    to: string,
    content: unknown,
    { timeout = 30_000, metadata = {} }: RequestOptions,
  ): Promise<Message> {
    const id = newId();
    const reply = new Promise<Message>((resolve, reject) => {
      const cancel = this.timers.after(timeout, () => {
        this.settle(id)?.reject(new PubSubError('timeout', `No reply in ${timeout} ms`));
      });
      this.pending.set(id, { resolve, reject, cancel });
    });
    const sent = this.send(to, content, { id, metadata, correlationId: id, expectsReply: true });
    sent.catch((error: unknown) => {
      this.settle(id)?.reject(error as PubSubError);
    });
    return reply;
  }

  /** A reply that nobody waits for any more is dropped: it came too late, or was for another connection of this agent. */
  take(reply: Message): void {
    const { type, inReplyTo = '', content } = reply;
    const pending = this.settle(inReplyTo);
    if (type === replyType) pending?.resolve(reply);
    else pending?.reject(new PubSubError('request_failed', String(content)));
  }

  /** Several requests are worked on at once. */
  async answer(message: Message): Promise<void> {
    const { id, agentId, correlationId = id } = message;
    const about = { inReplyTo: id, correlationId };
    try {
      const content = await this.handler?.(message.content, message);
      await this.send(agentId, content ?? null, { ...about, type: replyType });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      await this.send(agentId, text, { ...about, type: failureType });
    }
  }

  end(error: PubSubError): void {
    for (const id of this.pending.keys()) this.settle(id)?.reject(error);
  }

  private settle(id: string): Pending | undefined {
    const pending = this.pending.get(id);
    pending?.cancel();
    this.pending.delete(id);
    return pending;
  }
}
