/**
 * Request and reply between two agents, made of direct messages: the reply names the request.
 */
import { PubSubError, RequestError } from './errors';
import { type JsonObject, type Message, newId, type PublishOptions, text } from './messages';
import type { Receipt } from './outbox';
import type { Cancel, Timers } from './timers';

export interface RequestOptions {
  /** How long to wait for the reply, in milliseconds. Default 30,000. */
  readonly timeout?: number;
  readonly metadata?: JsonObject;
}

/**
 * What it returns is the reply. When it throws, the other agent gets `request_failed`: with the message of a `RequestError`,
 * with nothing of any other error, which is this client's `error` event.
 */
export type RequestHandler = (content: unknown, message: Message) => unknown;

export type SendDirect = (
  to: string,
  content: unknown,
  options: PublishOptions & { readonly expectsReply?: boolean },
) => Promise<Receipt>;

interface Pending {
  /** The agent that was asked: nobody else can answer. */
  readonly to: string;
  readonly resolve: (reply: Message) => void;
  readonly reject: (error: PubSubError) => void;
  readonly cancel: Cancel;
}

const replyType = 'reply';
const failureType = 'reply.failed';
const failureText = 'The request handler has failed';
/** Of a failure's text, in UTF-8. */
const failureBytes = 1_024;

export class Requests {
  handler: RequestHandler | undefined;
  private readonly pending = new Map<string, Pending>();

  constructor(
    private readonly send: SendDirect,
    private readonly timers: Timers,
    /** A handler has thrown, or its reply could not be sent. */
    private readonly failed: (error: unknown) => void,
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
      this.pending.set(id, { to, resolve, reject, cancel });
    });
    const sent = this.send(to, content, { id, metadata, correlationId: id, expectsReply: true });
    sent.catch((error: unknown) => {
      this.settle(id)?.reject(error as PubSubError);
    });
    return reply;
  }

  /** A reply that nobody waits for any more is dropped: it came too late, or was for another connection of this agent. */
  take(reply: Message): void {
    const { type, inReplyTo = '', content, agentId } = reply;
    if (this.pending.get(inReplyTo)?.to !== agentId) return;
    const pending = this.settle(inReplyTo);
    if (type === replyType) pending?.resolve(reply);
    else pending?.reject(new PubSubError('request_failed', text(content) ?? failureText));
  }

  /** Several requests are worked on at once. Never rejects. */
  async answer(message: Message): Promise<void> {
    const { id, agentId, correlationId = id } = message;
    const reply = (content: unknown, type: string): Promise<Receipt> =>
      this.send(agentId, content, { inReplyTo: id, correlationId, type });
    try {
      await reply((await this.handler?.(message.content, message)) ?? null, replyType);
    } catch (error) {
      const told = textFor(error);
      if (told === undefined) this.failed(error);
      await reply(told ?? failureText, failureType).catch(this.failed);
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

/** What the other agent may read of it. Looking at what was thrown may throw as well. */
function textFor(error: unknown): string | undefined {
  try {
    return error instanceof RequestError ? cut(error.message) : undefined;
  } catch {
    return undefined;
  }
}

/** Between characters. */
function cut(value: string): string {
  const bytes = new Uint8Array(failureBytes);
  const { written } = new TextEncoder().encodeInto(value, bytes);
  return new TextDecoder().decode(bytes.subarray(0, written));
}
