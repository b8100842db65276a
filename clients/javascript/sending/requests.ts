/**
 * Request and reply between two agents, made of direct messages: the reply names the request.
 */
import { attempt, need } from '../shared/checks';
import { type Deferred, deferred } from '../shared/deferred';
import { PubSubError, RequestError } from '../shared/errors';
import { type JsonObject, type Message, newId, text } from '../shared/messages';
import type { Receipt } from './outbox';
import { requestExpired } from '../shared/gap';
import type { Session } from '../session';
import { cutToBytes } from '../shared/utf8';
import { atMost, within } from '../shared/within';

export interface RequestOptions {
  /**
   * How long to wait for the reply, in milliseconds: from 1 to 24 days, or `Infinity`. Default 30,000. When it is over, the
   * other agent does not begin with the request any more.
   */
  readonly timeout?: number;
  /** The promise rejects with the signal's reason, and the request is not sent any more if it was not yet. */
  readonly signal?: AbortSignal;
  readonly metadata?: JsonObject;
}

/**
 * What it returns is the reply: one JSON value. When it throws, the other agent gets `request_failed`: with the message of a
 * `RequestError`, with nothing of any other error, which is this client's `error` event.
 */
export type RequestHandler<Request = unknown, Reply = unknown> = (
  content: Request,
  message: Message<Request>,
) => Reply | Promise<Reply>;

interface Pending extends Deferred<Message> {
  /** The agent that was asked: nobody else can answer. */
  readonly to: string;
  /** One of its processes has no handler. */
  isUnhandled?: boolean;
}

/** A request waits so long for a handler, and then so long for the reply of another process of the agent. */
const handlerMs = 2_000;
const replyType = 'reply';
const failureType = 'reply.failed';
const noHandler = 'no_handler';
const noHandlerText = 'No handler for requests';
const failureText = 'The request handler has failed';
/** Of a failure's text, in UTF-8. */
const failureBytes = 1_024;

export class Requests {
  #current: RequestHandler | undefined;
  readonly #pending = new Map<string, Pending>();
  /** Settles with the first handler. */
  readonly #handled: Deferred<void> = deferred();
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
    const { readers } = session.streams.inbox;
    readers.add(
      (reply) => {
        this.#take(reply);
      },
      { accepts: (message) => this.#isReply(message), isConcurrent: true },
    );
    readers.add(
      async (message) => {
        await this.#answer(message);
        // The reply was not acknowledged, so the request is not handled.
        if (session.state === 'closed') await new Promise(() => undefined);
      },
      { accepts: (message) => this.#isRequest(message), isConcurrent: true },
    );
    session.emitter.on('state', ({ state, error = new PubSubError('closed') }) => {
      if (state === 'closed') for (const { reject } of this.#pending.values()) reject(error);
    });
  }

  set handler(handler: RequestHandler) {
    this.#current = handler;
    this.#handled.resolve();
  }

  #isReply({ type, inReplyTo }: Message): boolean {
    return inReplyTo !== undefined && (type === replyType || type === failureType);
  }

  /** Whether it is for `answer`. */
  #isRequest(message: Message): boolean {
    if (!message.expectsReply || this.#isReply(message)) return false;
    return !this.#session.options.observer || this.#current !== undefined || this.#hasExpired(message);
  }

  /** Whether it is for the inbox as well: without a handler, the user may answer by hand. */
  isForInbox(message: Message): boolean {
    const isTaken = this.#current !== undefined || this.#hasExpired(message);
    return !this.#isReply(message) && !(isTaken && message.expectsReply);
  }

  /** Whether nobody waits for the reply any more. */
  #hasExpired({ expiresAt = Infinity }: Message): boolean {
    return expiresAt <= this.#session.serverNow();
  }

  async request(
    to: string,
    content: unknown,
    { timeout = 30_000, signal, metadata = {} }: RequestOptions,
  ): Promise<Message> {
    need('time', { timeout });
    signal?.throwIfAborted();
    const id = newId();
    const pending: Pending = { to, ...deferred<Message>() };
    this.#pending.set(id, pending);
    const late = (): PubSubError =>
      pending.isUnhandled ? unhandled() : new PubSubError('timeout', `No reply in ${timeout} ms`);
    const timeoutMs = timeout === Infinity ? undefined : Math.ceil(timeout);
    const direct = { id, metadata, correlationId: id, expectsReply: true, timeoutMs };
    this.#session.publisher.publish({ to }, content, direct).catch((error: unknown) => {
      pending.reject((error as PubSubError).code === requestExpired ? late() : error);
    });
    try {
      return await within(
        pending.promise,
        this.#session.timers,
        { timeout: timeoutMs ?? timeout, signal },
        late,
      );
    } finally {
      this.#pending.delete(id);
      this.#session.outbox.forget(id);
    }
  }

  /** What a handler has thrown, or why its reply could not be sent. */
  readonly #failed = (error: unknown): void => {
    if (this.#session.state !== 'closed') this.#session.emitter.report(error);
  };

  /** A reply that nobody waits for any more is dropped: it came too late, or was for another connection of this agent. */
  #take(reply: Message): void {
    const { type, inReplyTo: id = '', content, agentId, extra } = reply;
    const pending = this.#pending.get(id);
    if (pending?.to !== agentId) return;
    if (type === replyType) pending.resolve(reply);
    else if (extra.code !== noHandler)
      pending.reject(new PubSubError('request_failed', text(content) ?? failureText));
    else {
      // Another process of the agent may have one.
      pending.isUnhandled = true;
      this.#session.timers.after(handlerMs, () => {
        pending.reject(unhandled());
      });
    }
  }

  /**
   * Several requests are worked on at once. Settles when the reply is acknowledged, or refused for good, or when nobody
   * waits for it. Never rejects.
   */
  async #answer(message: Message): Promise<void> {
    const { id, agentId, correlationId = id, expiresAt = Infinity } = message;
    const reply = (content: unknown, type: string, extra: JsonObject = {}): Promise<Receipt> =>
      this.#session.publisher.publish({ to: agentId }, content, {
        inReplyTo: id,
        correlationId,
        type,
        extra,
      });
    // Our clock may have been set.
    if (this.#hasExpired(message) && this.#session.isTimeUnsure) await this.#session.ping([]);
    const patienceMs = Math.min(handlerMs, expiresAt - this.#session.serverNow());
    if (this.#current === undefined) await atMost(patienceMs, this.#handled.promise, this.#session.timers);
    if (this.#hasExpired(message)) return;
    const work = async (): Promise<void> => {
      try {
        if (this.#current) await reply(oneValue(await this.#current(message.content, message)), replyType);
        else if (!this.#session.options.observer)
          await reply(noHandlerText, failureType, { code: noHandler });
      } catch (error) {
        // What the other agent may read of it.
        const told = attempt(() =>
          error instanceof RequestError ? cutToBytes(error.message, failureBytes) : undefined,
        );
        if (told === undefined) this.#failed(error);
        await reply(told ?? failureText, failureType).catch(this.#failed);
      }
    };
    await within(
      work(),
      this.#session.timers,
      { timeout: expiresAt - this.#session.serverNow() },
      unhandled,
    ).catch(() => undefined);
  }
}

function unhandled(): PubSubError {
  return new PubSubError(noHandler, noHandlerText);
}

/** A reply is one message. */
function oneValue(value: unknown): unknown {
  const { next } = (value ?? {}) as { readonly next?: unknown };
  if (typeof next === 'function')
    throw new TypeError('A request handler must return one JSON value, not a generator');
  return value ?? null;
}
