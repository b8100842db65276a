/**
 * Keeps one connection to the service for as long as the user wants: opens it, resumes, opens the next one before this one
 * ends, and goes on trying after a drop. What is sent and heard is the business of outbox and streams.
 */
import { reservedChannels } from '../protocol/names';
import { Attempts } from './attempts';
import { backoffMs } from './backoff';
import { MemoryCursor, type Position } from './cursor';
import { type Emitter } from './emitter';
import { type Deferred, deferred } from './deferred';
import { PubSubError } from './errors';
import { Heartbeat } from './heartbeat';
import { watchHints } from './hints';
import { Link } from './link';
import {
  type Frame,
  isMessageFrame,
  type Message,
  type DirectOptions,
  newId,
  publishFrame,
  readMessage,
  text,
  timeIn,
} from './messages';
import type { PresenceOptions, PubSubOptions } from './options';
import { Outbox, type Receipt } from './outbox';
import { type LogGap, requestExpired } from './replies';
import { RecentIds } from './recent-ids';
import { replaceInMs } from './replacement';
import { webSocketClass } from './socket';
import { nextState, type State, type Transition } from './state';
import { type Ask, Streams } from './streams';
import type { Cancel, Timers } from './timers';
import { connectUrl, freshToken } from './token';

/** The connection that was replaced is kept this long, for what is still on its way. */
const leavingMs = 2_000;
/** In which the answer to a publish can still come after a `close`. */
const closingMs = 5_000;
/** For the answer to the last ping before a `close`. */
const reportMs = 2_000;
/** For the answer to a ping when the connection may have died. */
const hintedMs = 4_000;
/** The service finds the first copy of a message for so long, and so may we meet it. */
const ownIdsMs = 10 * 60_000;
/** A question that is asked again and again is given up after so many failures of the service. */
const mostFailures = 5;
const clientName = { name: '@artcafe/pubsub', version: '0.1.0' };

export class Session {
  readonly streams: Streams;
  /** What `hello` says about this agent. */
  presence: PresenceOptions;
  /** As the service calls us; known from the first WELCOME on. */
  agentId: string | undefined;
  private current: Link | undefined;
  private opening: Link | undefined;
  private readonly leaving = new Set<Link>();
  private readonly outbox: Outbox;
  private readonly heartbeat: Heartbeat;
  private readonly own = new RecentIds(ownIdsMs);
  private readonly attempts: Attempts;
  private readonly WebSocket;
  private status: State = 'disconnected';
  private arrival: Deferred<void> = deferred();
  private isAttempting = false;
  /** Server's time less ours. */
  private skewMs = 0;
  private retry: Cancel | undefined;
  private replacement: Cancel | undefined;
  private hints: Cancel | undefined;
  private drained: (() => void) | undefined;

  constructor(
    private readonly options: PubSubOptions,
    private readonly timers: Timers,
    private readonly emitter: Emitter,
  ) {
    this.WebSocket = webSocketClass(options.WebSocket);
    this.presence = options.presence ?? {};
    this.attempts = new Attempts(timers, options);
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
        this.renewIn(0);
      },
    });
    this.streams = new Streams({
      timers,
      cursor: options.cursor ?? new MemoryCursor(),
      isOwn: (message) => this.isOwn(message),
      ask: this.ask,
      isConnected: () => this.current !== undefined,
      emitter,
    });
  }

  get state(): State {
    return this.status;
  }

  connect(): Promise<void> {
    if (this.status === 'closed') return Promise.reject(new PubSubError('closed'));
    if (this.move('connect')) void this.dial();
    return this.arrival.promise;
  }

  /** Waits a while for what is on its way, says how far the inbox is handled, then ends for good. */
  async close(): Promise<void> {
    // Nothing will connect a client that was never told to.
    if (this.status !== 'disconnected' && this.outbox.length > 0) {
      await new Promise<void>((resolve) => {
        const late = this.timers.after(closingMs, resolve, true);
        this.drained = () => {
          late();
          resolve();
        };
      });
    }
    await new Promise<void>((resolve) => {
      const late = this.timers.after(reportMs, resolve, true);
      void this.streams.report().then(() => {
        late();
        resolve();
      });
    });
    this.end(undefined);
  }

  publish(
    destination:
      | { readonly channel_id: string; readonly to?: never }
      | { readonly to: string; readonly channel_id?: never },
    content: unknown,
    { id = newId(), ...options }: DirectOptions,
  ): Promise<Receipt> {
    if (this.status === 'closed') return Promise.reject(new PubSubError('closed'));
    const isHeard = options.echo ?? this.options.echo ?? true;
    if (!isHeard) this.own.note(id, this.timers.now());
    const frame = publishFrame(destination, id, content, options);
    const acknowledged = (position: Position): void => {
      const { to, channel_id = to === this.agentId ? reservedChannels.inbox : undefined } = destination;
      if (!isHeard && channel_id !== undefined) this.streams.seen(channel_id, position);
    };
    const receipt = this.outbox.add(frame, acknowledged, options.timeoutMs);
    const settled = (): void => {
      if (this.outbox.length === 0) this.drained?.();
    };
    receipt.then(settled, settled);
    return receipt;
  }

  /** Nobody waits for the message any more: it is not sent, or not again. */
  forget(id: string): void {
    this.outbox.forget(id);
  }

  /** Epoch milliseconds by the clock of the service. */
  serverNow(): number {
    return this.timers.now() + this.skewMs;
  }

  /** On the connection of the moment. */
  readonly ask: Ask = (frame, read) =>
    this.current?.ask(frame, read) ?? Promise.reject(new PubSubError('connection_lost'));

  /** On this connection or a later one. */
  readonly askPatiently: Ask = async (frame, read) => {
    for (let failures = 0; ;) {
      await this.arrival.promise;
      if (this.status === 'closed') throw new PubSubError('closed');
      try {
        return await this.ask(frame, read);
      } catch (error) {
        if (!(error instanceof PubSubError) || !error.retryable || ++failures > mostFailures) throw error;
        await new Promise<void>((resolve) => {
          this.timers.after(backoffMs(failures - 1, this.timers), resolve);
        });
      }
    }
  };

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
    this.opening?.suspect(hintedMs);
    if (this.status !== 'connecting' || this.isAttempting) return;
    this.attempts.afresh();
    this.attemptIn(this.attempts.spreadMs());
  };

  private async dial(): Promise<void> {
    if (this.isAttempting || this.status === 'closed') return;
    this.isAttempting = true;
    this.hints ??= watchHints(this.timers, this.hinted);
    this.retry?.();
    this.retry = undefined;
    try {
      const { options, timers } = this;
      await this.open(await freshToken(options.token, timers, this.serverNow()));
    } catch (error) {
      const cause =
        error instanceof PubSubError ? error : new PubSubError('unavailable', undefined, { cause: error });
      this.opening?.end(cause);
      this.opening = undefined;
      this.isAttempting = false;
      this.failed(cause);
      return;
    }
    this.isAttempting = false;
    // It may have ended while the answers to its first questions were being looked at.
    if (this.current === undefined) this.tryAgain(new PubSubError('connection_lost'));
  }

  private async open(token: string): Promise<void> {
    if (this.state === 'closed') throw new PubSubError('closed');
    const { url, echo = true } = this.options;
    const link = new Link(connectUrl(url, token, echo), this.WebSocket, this.timers, {
      frame: this.receive,
      ended: this.ended,
    });
    this.opening = link;
    await link.opened;
    await this.streams.loaded;
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
    this.opening = undefined;
    this.attempts.succeeded();
    this.agentId = text(welcome.agent_id);
    this.learnTime(welcome);
    if (old !== undefined) this.leaving.add(old);
    void this.outbox
      .attach((frames) => link.send(frames))
      .then(() => {
        if (old !== undefined)
          timers.after(leavingMs, () => {
            old.end(new PubSubError('closed'));
          });
      });
    this.planReplacement(Date.parse(String(welcome.token_expires_at)));
    this.heartbeat.start();
    if (this.move('welcomed')) this.arrival.resolve();
  }

  /** From an answer that the service has just written. */
  private learnTime({ timestamp }: Frame): void {
    const now = this.timers.now();
    this.skewMs = (timeIn(timestamp) ?? now) - now;
  }

  /** A token that is not from a function can't be renewed: with it the client ends. */
  private planReplacement(tokenExpiresAt: number): void {
    const { timers } = this;
    const canRenew = typeof this.options.token !== 'string';
    const tokenLifeMs = tokenExpiresAt - this.serverNow();
    const inMs = replaceInMs(canRenew && tokenLifeMs > 0 ? tokenLifeMs : undefined, timers.random());
    if (canRenew || !(tokenLifeMs < inMs)) this.renewIn(inMs);
    else {
      this.replacement?.();
      this.replacement = timers.after(Math.max(0, tokenLifeMs), () => {
        this.end(new PubSubError('token_expired'));
      });
    }
  }

  /** Opens the next connection after the delay; the present one stays until then. */
  private renewIn(delayMs: number): void {
    this.replacement?.();
    this.replacement = this.timers.after(delayMs, () => {
      void this.dial();
    });
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
    else this.renewIn(this.attempts.spreadMs());
  }

  private readonly ended = (link: Link, error: PubSubError): void => {
    if (this.leaving.delete(link)) this.outbox.abandon();
    if (link !== this.current) return;
    this.current = undefined;
    this.outbox.detach();
    this.heartbeat.stop();
    this.replacement?.();
    this.attempts.dropped();
    if (!this.move('lost', error)) return;
    this.arrival = deferred();
    if (!this.isAttempting) this.tryAgain(error);
  };

  private failed(error: PubSubError): void {
    const isFinal = this.attempts.failed(error);
    if (isFinal && this.current === undefined) this.end(error);
    else this.tryAgain(error);
  }

  private tryAgain(error: PubSubError): void {
    if (this.status === 'closed') return;
    const { attempt, delayMs } = this.attempts.nextTry(error);
    this.emitter.emit('retrying', { attempt, delayMs, error });
    this.attemptIn(delayMs);
  }

  private attemptIn(delayMs: number): void {
    this.retry?.();
    this.retry = this.timers.after(delayMs, () => void this.dial(), true);
  }

  /** Asks how things stand. Silence is the end of the connection. */
  private readonly ping = (withinMs?: number): void => {
    const link = this.current;
    if (link === undefined) return;
    link.suspect(withinMs);
    for (const ping of this.streams.pings()) {
      link
        .ask(ping, ([pong = {}]) => {
          this.learnTime(pong);
          this.streams.pong(pong);
        })
        // Silence is the link's own business; a refusal says nothing about the others.
        .catch(() => undefined);
    }
  };

  private isOwn({ agentId, id }: Message): boolean {
    return agentId === this.agentId && this.own.has(id);
  }

  /** With an error when it was not the user's wish. */
  private end(error: PubSubError | undefined): void {
    if (!this.move('closed', error)) return;
    const reason = error ?? new PubSubError('closed');
    this.retry?.();
    this.replacement?.();
    this.hints?.();
    this.heartbeat.stop();
    this.streams.end(reason, error === undefined);
    this.outbox.end(reason);
    this.arrival.reject(reason);
    for (const link of [this.current, this.opening, ...this.leaving]) link?.end(new PubSubError('closed'));
  }

  /** Whether the event meant a change. */
  private move(event: Transition, error?: PubSubError): boolean {
    const next = nextState(this.status, event);
    if (next === undefined) return false;
    this.status = next;
    this.emitter.emit('state', { state: next, error });
    return true;
  }
}
