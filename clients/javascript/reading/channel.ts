/**
 * What the user holds of a channel or of the own inbox: publishing, reading live, reading the log.
 */
import { reservedChannels } from '../../../protocol/names';
import { check, need } from '../shared/checks';
import type { Position } from '../shared/cursor';
import { positionIn, readHistory } from '../connection/replies';
import type { Message, PublishOptions } from '../shared/messages';
import type { Receipt } from '../sending/outbox';
import type { Handler } from './reader';
import type { Session } from '../session';

export interface SubscribeOptions {
  /** Begin after this position instead of with what is new. Only for the first reader of a channel. */
  readonly since?: Position;
  /** Ends the subscription, or the wait for it: `subscribe` and the loop reject with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface HistoryOptions {
  /** Oldest first, beginning after this position. */
  readonly after?: Position;
  /** Newest first, beginning before this position. Without both: newest first. */
  readonly before?: Position;
  /** Most messages. Default: all there are. */
  readonly limit?: number;
  /** The loop rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** One handler on one channel. */
export interface Subscription {
  /** From the moment of the call, nothing more reaches the handler. */
  unsubscribe(): void;
}

/** Which messages of a stream are meant; the others are requests and replies, which have handlers of their own. */
export type Accepts = (message: Message) => boolean;

const pageLimit = 1_000;

/** A log that can be read, live and from its past. */
export class Readable<Content = unknown> implements AsyncIterable<Message<Content>> {
  readonly #accepts: Accepts | undefined;

  constructor(
    /** @internal */
    protected readonly session: Session,
    readonly name: string,
    accepts?: Accepts,
  ) {
    this.#accepts = accepts;
  }

  /**
   * Calls the handler with each message, once and in order, one at a time: while it works on one, the next ones wait.
   * Resolves when the service has subscribed the connection; rejects when it refuses, and with `timeout` after 60 s.
   *
   * @example
   * const subscription = await bus.channel('lobby').subscribe(({ agentId, content }) => console.log(agentId, content));
   */
  async subscribe(handler: Handler<Content>, options: SubscribeOptions = {}): Promise<Subscription> {
    need('callback', { handler });
    // What the content is, is the user's word.
    const { remove, ready } = this.#attach(options, handler as Handler);
    await ready;
    return { unsubscribe: remove };
  }

  /**
   * The same as an async iterator. A slow loop is never overrun: what does not fit into memory is read from the log.
   *
   * @example
   * for await (const { content } of bus.channel('lobby')) console.log(content);
   */
  messages(options: SubscribeOptions = {}): AsyncGenerator<Message<Content>, void, undefined> {
    let leave: (() => void) | undefined;
    const loop = this.#loop(options, (remove) => {
      leave = remove;
    });
    const end = loop.return.bind(loop);
    // A generator that waits for a message would end with the next one.
    loop.return = (value) => {
      leave?.();
      return end(value);
    };
    return loop;
  }

  [Symbol.asyncIterator](): AsyncGenerator<Message<Content>, void, undefined> {
    return this.messages();
  }

  /**
   * Messages of the log, read page by page as the loop goes on. Each page (1,000 messages) comes within 60 s.
   *
   * @example
   * for await (const { content } of bus.channel('lobby').history({ limit: 20 })) console.log(content);
   */
  async *history(options: HistoryOptions = {}): AsyncGenerator<Message<Content>, void, undefined> {
    let { after, before } = options;
    const { signal } = options;
    check('position', { after, before });
    check('count', { limit: options.limit });
    after = positionIn(after);
    before = positionIn(before);
    for (let left = options.limit ?? Infinity; left > 0;) {
      const limit = Math.min(left, pageLimit);
      const question = { type: 'history', channel_id: this.name, after, before, limit };
      const { messages, gaps, next } = await this.session.askPatiently(question, readHistory, signal);
      signal?.throwIfAborted();
      for (const { from, to, reason } of gaps) this.session.emitter.gap(this.name, reason, { from, to });
      const isForward = after !== undefined;
      for (const message of isForward ? messages : (messages as Message[]).reverse()) {
        yield message as Message<Content>;
        signal?.throwIfAborted();
      }
      left -= messages.length;
      if (next === undefined) return;
      if (isForward) after = next;
      else before = next;
    }
  }

  async *#loop(
    options: SubscribeOptions,
    began: (remove: () => void) => void,
  ): AsyncGenerator<Message<Content>, void, undefined> {
    const { reader, remove, ready } = this.#attach(options);
    began(remove);
    try {
      await ready;
      yield* reader.read() as AsyncGenerator<Message<Content>, void, undefined>;
      options.signal?.throwIfAborted();
    } finally {
      remove();
    }
  }

  /** A reader of the stream, and what takes it away again. */
  #attach({ since, signal }: SubscribeOptions, handler?: Handler) {
    check('position', { since });
    signal?.throwIfAborted();
    const { session, name } = this;
    const { streams } = session;
    if (since !== undefined && streams.get(name)) throw new Error(`"${name}" has a reader already`);
    const stream = streams.open(name, since);
    const reader = stream.readers.add(handler, { accepts: this.#accepts });
    const remove = (): void => {
      signal?.removeEventListener('abort', remove);
      stream.readers.remove(reader);
      streams.release(stream);
    };
    const ready = session.ready(stream, signal);
    // After the listener of `ready`, so that it rejects with the signal's reason, and before any answer.
    signal?.addEventListener('abort', remove);
    ready.catch(remove);
    return { reader, remove, ready };
  }
}

/** A named stream of messages inside a tenant. */
export class Channel<Content = unknown> extends Readable<Content> {
  /**
   * Sends a message to everybody who is subscribed. Resolves when the service has it in the channel's log, with its
   * sequence there. Survives a drop of the connection; rejects when the service refuses it, or when too many wait. Settles
   * within nine minutes: then with `timeout` when it was never sent, with `unconfirmed` when it may be in the log.
   *
   * @example
   * const { sequence } = await bus.channel('lobby').publish({ hello: 'world' });
   */
  publish(content: Content, options: PublishOptions = {}): Promise<Receipt> {
    return this.session.publisher.publish({ channel_id: this.name }, content, options);
  }
}

/** Direct messages to this agent. They are kept while no connection of it is there. */
export class Inbox<Content = unknown> extends Readable<Content> {
  /** @internal */
  constructor(session: Session, accepts: Accepts) {
    super(session, reservedChannels.inbox, accepts);
  }
}
