/**
 * The client as its users see it. What it promises is kept by session, outbox and streams.
 */
import { reservedChannels } from '../../protocol/names';
import { Channel, Inbox, Readable, type Subscription } from './reading/channel';
import { need, type WaitOptions } from './shared/checks';
import { Emitter, guard, type PubSubEvents } from './shared/emitter';
import type { PubSubError } from './shared/errors';
import type { Message, PublishOptions } from './shared/messages';
import { checkClient, checkPresence, type PresenceOptions, type PubSubOptions } from './options';
import type { Receipt } from './sending/outbox';
import { type AgentPresence, presenceOf, type PresenceQuery, queryPresence } from './sending/presence';
import { type RequestHandler, type RequestOptions, Requests } from './sending/requests';
import { Session } from './session';
import type { State } from './shared/state';
import { systemTimers, type Timers } from './shared/timers';

/**
 * A connection of one agent to the bus, for as long as it is wanted. `InboxContent` is what direct messages to it hold.
 *
 * @example
 * const bus = new PubSub({ url, token: () => fetchToken() });
 * await bus.channel('lobby').subscribe(({ agentId, content }) => console.log(agentId, content));
 */
export class PubSub<InboxContent = unknown> {
  /** Direct messages to this agent. */
  readonly inbox: Inbox<InboxContent>;
  /** Who is there. */
  readonly presence: Presence;
  readonly #session: Session;
  readonly #requests: Requests;
  readonly #emitter = new Emitter();

  /**
   * Throws, with a sentence that says what to write, when an option can't work.
   *
   * @param timers - for tests
   */
  constructor(options: PubSubOptions, timers: Timers = systemTimers) {
    checkClient(options);
    this.#session = new Session(options, timers, this.#emitter);
    const session = this.#session;
    const requests = new Requests(session);
    this.#requests = requests;
    this.inbox = new Inbox(session, (message) => requests.isForInbox(message));
    this.presence = new Presence(session);
  }

  /** `disconnected` before `connect()`, `closed` after the end. */
  get state(): State {
    return this.#session.state;
  }

  /** How the service calls this agent, from the first connection on. */
  get agentId(): string | undefined {
    return this.#session.agentId;
  }

  /**
   * Resolves with the first connection; from then on it is kept. The first other call that needs a connection opens it as
   * well. Rejects when no try could change the outcome (a plain token is refused, those of a function five times and for
   * 30 s, or the number of tries is limited); with `timeout` after 60 s, or the `timeout` that is given; and when the signal
   * aborts. After the last two the client goes on trying until `close()`.
   */
  connect(options: WaitOptions = {}): Promise<void> {
    return this.#session.connect(options);
  }

  /**
   * Waits up to 5 s for what is not acknowledged, then ends for good. Settles when the cursor has saved what is handled, or
   * 5 s later: a process may exit then, and the next one goes on behind it.
   */
  close(): Promise<void> {
    return this.#session.close();
  }

  /** The same name is the same channel. */
  channel<Content = unknown>(name: string): Channel<Content> {
    need('channel', { name });
    return new Channel<Content>(this.#session, name);
  }

  /** Another agent of the tenant. */
  agent(id: string): Agent {
    need('text', { id });
    return new Agent(this.#session, this.#requests, id);
  }

  /**
   * Answers requests of other agents. There is one handler; it may work on several requests at once. A request that comes
   * before there is one waits for it for 2 s; then its asker gets `no_handler`. One whose asker has given up is left out.
   *
   * @example
   * bus.onRequest(({ a, b }: { a: number; b: number }) => a + b);
   */
  onRequest<Request = unknown, Reply = unknown>(handler: RequestHandler<Request, Reply>): void {
    need('callback', { handler });
    // What the content is, is the user's word.
    this.#requests.handler = handler as RequestHandler;
  }

  /** Returns what takes the listener away again. */
  on<Name extends keyof PubSubEvents>(name: Name, listener: (event: PubSubEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener);
  }
}

/** Until the service is asked again who is there, when it could not say. */
const refreshMs = 30_000;

/** Another agent of the tenant, as the receiver of direct messages. */
export class Agent {
  readonly #session: Session;
  readonly #requests: Requests;

  /** @internal */
  constructor(
    session: Session,
    requests: Requests,
    readonly id: string,
  ) {
    this.#session = session;
    this.#requests = requests;
  }

  /**
   * Resolves when the service has the message; its `status` tells whether the agent is there or finds it in its inbox.
   * Settles within nine minutes, as `publish` of a channel does.
   */
  send(content: unknown, options: PublishOptions = {}): Promise<Receipt> {
    return this.#session.publisher.publish({ to: this.id }, content, options);
  }

  /**
   * Resolves with the reply. Rejects with `no_responders` at once when the agent is not connected, with `timeout` when it
   * does not answer within the `timeout` (30 s), with `no_handler` when it has no handler for requests, with `request_failed` when its handler
   * throws. Only a reply of the agent that was asked counts. Every process of that agent gets the request; the first reply
   * counts.
   *
   * @example
   * const { content } = await bus.agent('adder').request<number>({ a: 1, b: 2 }, { timeout: 2_000 });
   */
  request<Reply = unknown>(content: unknown, options: RequestOptions = {}): Promise<Message<Reply>> {
    return this.#requests.request(this.id, content, options) as Promise<Message<Reply>>;
  }
}

/** Who is there, and what of oneself others can see. */
export class Presence {
  readonly #session: Session;

  /** @internal */
  constructor(session: Session) {
    this.#session = session;
  }

  /** Says something about this agent; kept over reconnects. Settles within 60 s. */
  async set(presence: PresenceOptions): Promise<void> {
    checkPresence(presence);
    const session = this.#session;
    await session.askPatiently({ type: 'presence', ...session.introduce(presence) }, () => undefined);
  }

  /** Agents of the tenant, those that are offline included. Needs the `presence` grant. Each page comes within 60 s. */
  query(query: PresenceQuery = {}): AsyncGenerator<AgentPresence, void, undefined> {
    return queryPresence(this.#session.askPatiently, query);
  }

  /**
   * Calls the handler with every agent that is known, and then with each change. Needs the `presence` grant. Settles within
   * 60 s for each 100 agents.
   *
   * @example
   * await bus.presence.subscribe(({ agentId, status }) => console.log(agentId, 'is', status));
   */
  async subscribe(handler: (presence: AgentPresence) => unknown): Promise<Subscription> {
    need('callback', { handler });
    const session = this.#session;
    const { emitter } = session;
    const versions = new Map<string, number>();
    let isOver = false;
    const take = (presence: AgentPresence): void => {
      const { agentId, version } = presence;
      if (isOver || version <= (versions.get(agentId) ?? -1)) return;
      versions.set(agentId, version);
      guard(() => handler(presence), emitter.report);
    };
    const ask = async (): Promise<void> => {
      for await (const presence of this.query()) take(presence);
    };
    const events = await new Readable(session, reservedChannels.presence).subscribe((message) => {
      take(presenceOf(message));
    });
    // After a time without a connection, changes may have been missed.
    const refresh = (): void => {
      if (isOver || session.state !== 'connected') return;
      ask().catch((error: unknown) => {
        // Asked again with the next connection, when this one breaks.
        if ((error as PubSubError).retryable) session.timers.after(refreshMs, refresh);
        else if (!isOver && session.state !== 'closed') emitter.report(error);
      });
    };
    const forget = emitter.on('state', refresh);
    const unsubscribe = (): void => {
      isOver = true;
      forget();
      events.unsubscribe();
    };
    await ask().catch((error: unknown) => {
      unsubscribe();
      throw error;
    });
    return { unsubscribe };
  }
}
