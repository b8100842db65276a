/**
 * Keeps one connection to the service for as long as the user wants: says hello, resumes, and hands over to the next one.
 * Opening connections is the business of the dialer, what is sent and heard that of outbox and streams.
 */
import { askAgain } from './ask-again';
import type { WaitOptions } from './checks';
import { MemoryCursor } from './cursor';
import { type Emitter } from './emitter';
import { type Deferred, deferred } from './deferred';
import { Dialer } from './dialer';
import { PubSubError } from './errors';
import { Heartbeat } from './heartbeat';
import { watchHints } from './hints';
import type { Link } from './link';
import { type Frame, isMessageFrame, readMessage, text } from './messages';
import type { PresenceOptions, PubSubOptions } from './options';
import { Outbox } from './outbox';
import { Publisher } from './publisher';
import { type LogGap, requestExpired } from './replies';
import { Rotation } from './rotation';
import { ServerClock } from './server-clock';
import { nextState, type State, type Transition } from './state';
import { type Ask, Streams } from './streams';
import type { Cancel, Timers } from './timers';
import { atMost, within } from './within';

/** The connection that was replaced is kept this long, for what is still on its way. */
const leavingMs = 2_000;
/** For the answer to the last ping before a `close`. */
const reportMs = 2_000;
/** For the cursor to save what is handled, at the end. */
const savingMs = 5_000;
/** For the answer to a ping when the connection may have died. */
const hintedMs = 4_000;
/** For the cursor to say where the inbox stands. */
const loadMs = 10_000;
const clientName = { name: '@artcafe/pubsub', version: '0.1.0' };

export class Session {
  readonly streams: Streams;
  readonly clock: ServerClock;
  /** What `hello` says about this agent. */
  presence: PresenceOptions;
  /** As the service calls us; known from the first WELCOME on. */
  agentId: string | undefined;
  private current: Link | undefined;
  private readonly leaving = new Set<Link>();
  readonly publisher: Publisher;
  private readonly outbox: Outbox;
  private readonly heartbeat: Heartbeat;
  private readonly dialer: Dialer;
  private readonly rotation: Rotation;
  private status: State = 'disconnected';
  private arrival: Deferred<void> = deferred();
  private hints: Cancel | undefined;
  /** Settles when the cursor has saved what was handled at the end. */
  private saved = Promise.resolve();

  constructor(
    private readonly options: PubSubOptions,
    private readonly timers: Timers,
    private readonly emitter: Emitter,
  ) {
    this.presence = options.presence ?? {};
    this.clock = new ServerClock(timers);
    this.dialer = new Dialer({
      options,
      timers,
      emitter,
      events: { frame: this.receive, ended: this.ended },
      greet: (link) => this.greet(link),
      isConnected: () => this.current !== undefined,
      refused: this.end,
    });
    this.rotation = new Rotation(
      timers,
      typeof options.token !== 'string',
      () => void this.dialer.dial(),
      () => {
        this.end(new PubSubError('token_expired'));
      },
    );
    this.heartbeat = new Heartbeat(
      timers,
      () => this.outbox.length > 0 || this.streams.hasHole,
      this.ping,
      options.heartbeatMs,
    );
    this.outbox = new Outbox({
      timers,
      options: options.queue ?? {},
      doubt: this.ping,
      renew: () => {
        this.rotation.replaceIn(0);
      },
    });
    this.publisher = new Publisher({
      timers,
      outbox: this.outbox,
      echo: options.echo ?? true,
      isClosed: () => this.status === 'closed',
      agentId: () => this.agentId,
      wake: this.wake,
      seen: (channelId, position) => {
        this.streams.seen(channelId, position);
      },
    });
    this.streams = new Streams({
      timers,
      cursor: options.cursor ?? new MemoryCursor(),
      isOwn: (message) => this.publisher.isOwn(message),
      ask: this.ask,
      isConnected: () => this.current !== undefined,
      emitter,
    });
  }

  get state(): State {
    return this.status;
  }

  connect(options: WaitOptions = {}): Promise<void> {
    this.wake();
    const connected = this.within(this.arrival.promise, options, 'No connection');
    // The events tell it as well: a process that does not wait for the promise must not end of it.
    connected.catch(() => undefined);
    return connected;
  }

  /** Waits a while for what is on its way, says how far the inbox is handled, then ends for good. */
  async close(): Promise<void> {
    await this.publisher.drained();
    await atMost(reportMs, this.streams.report(), this.timers);
    this.end(undefined);
    await atMost(savingMs, this.saved, this.timers);
  }

  /** Nobody waits for the message any more: it is not sent, or not again. */
  forget(id: string): void {
    this.outbox.forget(id);
  }

  /** On the connection of the moment. */
  readonly ask: Ask = (frame, read) =>
    this.current?.ask(frame, read) ?? Promise.reject(new PubSubError('connection_lost'));

  /** On this connection or a later one; connects when nothing has. Settles within 60 s. */
  readonly askPatiently: Ask = (frame, read, signal) => {
    this.wake();
    let isOver = false;
    const answer = askAgain(
      () => this.arrival.promise,
      () => this.ask(frame, read),
      this.timers,
      () => isOver,
    );
    return this.within(answer, { signal }, 'No answer').finally(() => {
      isOver = true;
    });
  };

  /** Settles with the first answer of the service about the channel; connects when nothing has. */
  ready(channelId: string, signal: AbortSignal | undefined): Promise<void> {
    this.wake();
    const { promise } = this.status === 'closed' ? this.arrival : this.streams.ready(channelId);
    return this.within(promise, { signal }, 'No answer');
  }

  /** The log can't give these any more. */
  missing(channelId: string, { from, to, reason }: LogGap): void {
    if (reason === requestExpired) return;
    this.emitter.emit('gap', { channelId, reason, from, to, after: undefined, head: undefined });
  }

  /** The network has changed, or the machine has slept. */
  private readonly hinted = (): void => {
    this.current?.whenSilent(() => {
      this.ping(hintedMs);
    });
    this.dialer.hinted(hintedMs);
  };

  /** The first use connects. */
  private readonly wake = (): void => {
    if (!this.move('connect')) return;
    this.hints = watchHints(this.timers, this.hinted);
    void this.dialer.dial();
  };

  /** When it is late, the error says what did not come, and why, as far as is known. */
  private within<T>(promise: Promise<T>, options: WaitOptions, what: string): Promise<T> {
    return within(promise, this.timers, options, () => {
      const { lastError } = this.dialer;
      return lastError === undefined ? [what] : [`${what} (${lastError.message})`, lastError];
    });
  }

  private async greet(link: Link): Promise<void> {
    await within(this.streams.loaded, this.timers, { timeout: loadMs }, () => [
      'No position from the cursor',
    ]);
    const asked = this.streams.resume();
    const resume = this.streams.resumeFrames(asked);
    await link.ask({ type: 'hello', resume, client: clientName, ...this.presence }, ([welcome = {}]) => {
      this.welcomed(link, welcome);
      this.streams.welcome(welcome, asked);
    });
  }

  private welcomed(link: Link, welcome: Frame): void {
    const { timers } = this;
    const old = this.current;
    this.current = link;
    this.dialer.welcomed();
    this.agentId = text(welcome.agent_id);
    this.clock.learn(welcome);
    if (old !== undefined) this.leaving.add(old);
    void this.outbox
      .attach((frames) => link.send(frames))
      .then(() => {
        if (old !== undefined)
          timers.after(leavingMs, () => {
            old.end(new PubSubError('closed'));
          });
      });
    this.rotation.plan(Date.parse(String(welcome.token_expires_at)) - this.clock.now());
    this.heartbeat.start();
    if (this.move('welcomed')) this.arrival.resolve();
  }

  private readonly receive = (frame: Frame, link: Link): void => {
    if (this.status === 'closed') return;
    if (isMessageFrame(frame)) this.streams.offer(readMessage(frame));
    else if (frame.type === 'ACK') this.outbox.acknowledge(frame);
    else if (frame.type === 'ERROR') this.outbox.refuse(frame);
    else if (frame.type === 'REPLAYED') this.streams.replayed(frame);
    else if (frame.type === 'GOAWAY' && link === this.current) this.sentAway(frame);
    // API Gateway's own: a function failed or was throttled.
    else if (frame.type === undefined) this.outbox.failed();
  };

  private sentAway({ code, reason, reconnect }: Frame): void {
    if (reconnect === false) this.end(new PubSubError(String(code), text(reason)));
    else this.rotation.replaceIn(this.dialer.attempts.spreadMs());
  }

  private readonly ended = (link: Link, error: PubSubError): void => {
    if (this.leaving.delete(link)) this.outbox.abandon();
    if (link !== this.current) return;
    this.current = undefined;
    this.outbox.detach();
    this.heartbeat.stop();
    this.rotation.pause();
    if (this.status !== 'connected') return;
    this.arrival = deferred();
    this.move('lost', error);
    this.dialer.dropped(error);
  };

  /** Asks how things stand. Silence is the end of the connection. */
  private readonly ping = (withinMs?: number): void => {
    const link = this.current;
    if (link === undefined) return;
    link.suspect(withinMs);
    for (const ping of this.streams.pings()) {
      link
        .ask(ping, ([pong = {}]) => {
          this.clock.learn(pong);
          this.streams.pong(pong);
        })
        // Silence is the link's own business; a refusal says nothing about the others.
        .catch(() => undefined);
    }
  };

  /** With an error when it was not the user's wish. */
  private readonly end = (error: PubSubError | undefined): void => {
    if (!this.move('closed', error)) return;
    const reason = error ?? new PubSubError('closed');
    this.dialer.end();
    this.rotation.stop();
    this.hints?.();
    this.heartbeat.stop();
    this.saved = this.streams.end(reason, error === undefined);
    this.outbox.end(reason);
    this.arrival.reject(reason);
    this.arrival = deferred();
    this.arrival.reject(new PubSubError('closed', 'The client is closed', { cause: error }));
    for (const link of [this.current, ...this.leaving]) link?.end(new PubSubError('closed'));
  };

  /** Whether the event meant a change. */
  private move(event: Transition, error?: PubSubError): boolean {
    const next = nextState(this.status, event);
    if (next === undefined) return false;
    this.status = next;
    this.emitter.emit('state', { state: next, error });
    return true;
  }
}
