/**
 * Keeps one connection to the service for as long as the user wants: says hello, resumes, and hands over to the next one.
 * Opening connections is the business of the dialer, what is sent and heard that of outbox and streams.
 */
import { askAgain } from './sending/ask-again';
import type { WaitOptions } from './shared/checks';
import { MemoryCursor } from './shared/cursor';
import { type Emitter } from './shared/emitter';
import { type Deferred, deferred } from './shared/deferred';
import { Dialer } from './connection/dialer';
import { PubSubError } from './shared/errors';
import { Heartbeat } from './connection/heartbeat';
import { watchHints } from './connection/hints';
import type { Link } from './connection/link';
import { type Frame, isMessageFrame, readMessage, text, timeIn, toJson } from './shared/messages';
import type { PresenceOptions, PubSubOptions } from './options';
import { Outbox } from './sending/outbox';
import { Publisher } from './sending/publisher';
import type { Ask } from './connection/replies';
import { nextState, type State, type Transition } from './shared/state';
import type { Stream } from './reading/stream';
import { Streams } from './reading/streams';
import type { Cancel, Timers } from './shared/timers';
import { atMost, within } from './shared/within';

/** The connection that was replaced is kept this long, for what is still on its way. */
const leavingMs = 2_000;
/** For what is on its way at a `close`. */
const closingMs = 5_000;
/** For the answer to the last ping before a `close`. */
const reportMs = 2_000;
/** For the cursor to save what is handled, at the end. */
const savingMs = 5_000;
/** For the answer to a ping when the connection may have died. */
const hintedMs = 4_000;
/** For the cursor to say where the inbox stands. */
const loadMs = 10_000;
/** Clocks run apart by so much between two answers without a sleep. */
const clockToleranceMs = 100;
const clientName = { name: '@artcafe/pubsub', version: '0.1.0' };

export class Session {
  readonly cursor;
  readonly streams: Streams;
  readonly outbox: Outbox;
  readonly publisher: Publisher;
  /** What `hello` says about this agent. */
  readonly #presence: PresenceOptions = {};
  /** As the service calls us; known from the first WELCOME on. */
  agentId: string | undefined;
  tenantId: string | undefined;
  state: State = 'disconnected';
  #current: Link | undefined;
  readonly #leaving = new Set<Link>();
  readonly #heartbeat: Heartbeat;
  readonly #dialer: Dialer;
  #arrival: Deferred<void> = deferred();
  #unwatch: Cancel | undefined;
  /** Time of the service less ours: by what passes here, and by the clock of this machine. */
  #skewMs = 0;
  #dateSkewMs = 0;
  /** Settles when the cursor has saved what was handled at the end. */
  #saved = Promise.resolve();

  constructor(
    readonly options: PubSubOptions,
    readonly timers: Timers,
    readonly emitter: Emitter,
  ) {
    this.introduce(options.presence);
    this.cursor = options.cursor ?? new MemoryCursor();
    this.#dialer = new Dialer(this);
    this.#heartbeat = new Heartbeat(
      timers,
      () => this.outbox.length > 0 || this.streams.hasHole,
      this.#check,
      options.heartbeatMs,
    );
    this.outbox = new Outbox({
      timers,
      options: options.queue ?? {},
      doubt: this.#check,
      renew: () => {
        this.#dialer.dialIn(0);
      },
    });
    this.publisher = new Publisher(this);
    this.streams = new Streams(this);
  }

  get isConnected(): boolean {
    return this.#current !== undefined;
  }

  connect(options: WaitOptions = {}): Promise<void> {
    this.wake();
    const connected = this.#within(this.#arrival.promise, options, 'No connection');
    // The events tell it as well: a process that does not wait for the promise must not end of it.
    connected.catch(() => undefined);
    return connected;
  }

  /** Waits a while for what is on its way, says how far the inbox is handled, then ends for good. */
  async close(): Promise<void> {
    const { timers } = this;
    await atMost(closingMs, this.outbox.drained(), timers);
    await atMost(reportMs, this.streams.report(), timers);
    this.end();
    await atMost(savingMs, this.#saved, timers);
  }

  /** Whether the machine has slept, or its clock was set, since the service has said what time it is. */
  get isTimeUnsure(): boolean {
    return this.serverNow() - this.timers.now() - this.#skewMs > clockToleranceMs;
  }

  /** Epoch milliseconds of the service; when they are unsure, the latest that they may be. */
  serverNow(): number {
    const { timers } = this;
    return Math.max(timers.now() + this.#skewMs, timers.date() + this.#dateSkewMs);
  }

  /** Asks how these channels stand, and what time it is. Never rejects: the link knows what silence means. */
  async ping(channels: readonly Frame[]): Promise<void> {
    const answer = this.ask({ type: 'ping', channels }, (pong) => {
      this.#learnTime(pong);
      this.streams.pong(pong);
    });
    await answer.catch(() => undefined);
  }

  /** On the connection of the moment. */
  readonly ask: Ask = (frame, read) =>
    this.#current?.ask(frame, read) ?? Promise.reject(new PubSubError('connection_lost'));

  /** On this connection or a later one; connects when nothing has. Settles within 60 s. */
  readonly askPatiently: Ask = (frame, read, signal) => {
    this.wake();
    let isOver = false;
    const answer = askAgain(
      () => this.#arrival.promise,
      () => this.ask(frame, read),
      this.timers,
      () => isOver,
    );
    return this.#within(answer, { signal }, 'No answer').finally(() => {
      isOver = true;
    });
  };

  /** Settles with the first answer of the service about the channel; connects when nothing has. */
  ready({ ready }: Stream, signal?: AbortSignal): Promise<void> {
    this.wake();
    const { promise } = this.state === 'closed' ? this.#arrival : ready;
    return this.#within(promise, { signal }, 'No answer');
  }

  /** The first use connects. */
  wake(): void {
    if (!this.#move('connect')) return;
    this.#unwatch = watchHints(this.timers, this.#hinted);
    void this.#dialer.dial();
  }

  /** From now on `hello` says this. Gives a copy of what it may say: the user's own object can change. */
  introduce({ status, capabilities }: PresenceOptions = {}): PresenceOptions {
    const said = JSON.parse(toJson({ status, capabilities })) as PresenceOptions;
    Object.assign(this.#presence, said);
    return said;
  }

  async greet(link: Link): Promise<void> {
    const { streams } = this;
    const noPosition = (): PubSubError => new PubSubError('timeout', 'No position from the cursor');
    await within(streams.loaded, this.timers, { timeout: loadMs }, noPosition);
    const asked = streams.resume();
    const resume = [...asked.keys()].map(streams.place);
    await link.ask({ type: 'hello', resume, client: clientName, ...this.#presence }, (welcome) => {
      this.#welcomed(link, welcome);
      streams.welcome(welcome, asked);
    });
  }

  receive(frame: Frame, link: Link): void {
    if (this.state === 'closed') return;
    if (isMessageFrame(frame)) this.streams.offer(readMessage(frame));
    else if (frame.type === 'ACK') this.outbox.acknowledge(frame);
    else if (frame.type === 'ERROR') this.outbox.refuse(frame);
    else if (frame.type === 'REPLAYED') this.streams.replayed(frame);
    else if (frame.type === 'GOAWAY' && link === this.#current) this.#sentAway(frame);
    // API Gateway's own: a function failed or was throttled.
    else if (frame.type === undefined) this.outbox.failed();
  }

  ended(link: Link, error: PubSubError): void {
    this.#leaving.delete(link);
    this.outbox.detach(link);
    if (link !== this.#current) return;
    this.#current = undefined;
    this.#heartbeat.stop();
    if (this.state !== 'connected') return;
    this.#arrival = deferred();
    this.#move('lost', error);
    this.#dialer.dropped(error);
  }

  /** With an error when it was not the user's wish. */
  end(error?: PubSubError): void {
    if (!this.#move('closed', error)) return;
    const reason = error ?? new PubSubError('closed');
    this.#dialer.end();
    this.#unwatch?.();
    this.#heartbeat.stop();
    this.#saved = this.streams.end(error);
    this.outbox.end(reason);
    this.#arrival.reject(reason);
    this.#arrival = deferred();
    this.#arrival.reject(new PubSubError('closed', undefined, { cause: error }));
    for (const link of [this.#current, ...this.#leaving]) link?.end(new PubSubError('closed'));
  }

  /** The network has changed, or the machine has slept. */
  readonly #hinted = (): void => {
    this.#current?.whenSilent(() => {
      this.#check(hintedMs);
    });
    this.#dialer.hinted(hintedMs);
  };

  /** When it is late, the error says what did not come, and why, as far as is known. */
  #within<T>(promise: Promise<T>, options: WaitOptions, what: string): Promise<T> {
    return within(promise, this.timers, options, (timeout) => {
      const { lastError: cause } = this.#dialer;
      const why = cause === undefined ? '' : ` (${cause.message})`;
      return new PubSubError('timeout', `${what}${why} in ${timeout} ms`, { cause });
    });
  }

  #welcomed(link: Link, welcome: Frame): void {
    const old = this.#current;
    this.#current = link;
    this.agentId = text(welcome.agent_id);
    this.tenantId = text(welcome.tenant_id);
    this.#learnTime(welcome);
    if (old) this.#leave(old);
    this.outbox.attach(link);
    this.#dialer.welcomed(Date.parse(welcome.token_expires_at as string) - this.serverNow());
    this.#heartbeat.start();
    if (this.#move('welcomed')) this.#arrival.resolve();
  }

  /** Ends the connection when nothing more is on its way there. */
  #leave(link: Link): void {
    this.#leaving.add(link);
    this.timers.after(leavingMs, () => {
      if (this.outbox.uses(link)) this.#leave(link);
      else link.end(new PubSubError('closed'));
    });
  }

  /** From an answer that the service has just written. */
  #learnTime({ timestamp }: Frame): void {
    const date = this.timers.date();
    const time = timeIn(timestamp) ?? date;
    this.#skewMs = time - this.timers.now();
    this.#dateSkewMs = time - date;
  }

  #sentAway({ code, reason, reconnect }: Frame): void {
    if (reconnect === false) this.end(new PubSubError(String(code), text(reason)));
    else this.#dialer.dialIn(this.#dialer.attempts.spreadMs());
  }

  /** Asks how things stand. Silence is the end of the connection. */
  readonly #check = (withinMs?: number): void => {
    const link = this.#current;
    link?.suspect(withinMs);
    for (const channels of link ? this.streams.places() : []) void this.ping(channels);
  };

  /** Whether the event meant a change. */
  #move(event: Transition, error?: PubSubError): boolean {
    const state = nextState(this.state, event);
    if (state === undefined) return false;
    this.state = state;
    this.emitter.emit('state', { state, error });
    return true;
  }
}
