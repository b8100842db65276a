/**
 * Opens connections, one at a time, and goes on trying until one is welcome or no try could change the outcome. Replaces each
 * before it ends. All of it is counted from the service's own words: the clock of this machine may be wrong.
 */
import { Attempts } from './attempts';
import type { Emitter } from '../shared/emitter';
import { PubSubError } from '../shared/errors';
import { refusal } from './platform';
import { Link, type LinkEvents } from './link';
import type { PubSubOptions } from '../options';
import { replaceInMs } from './replacement';
import { webSocketClass } from './socket';
import type { Cancel, Timers } from '../shared/timers';
import { connectUrl, freshToken, tokenMs } from './token';

/** The session. */
export interface DialerPort extends LinkEvents {
  readonly options: PubSubOptions;
  readonly timers: Timers;
  readonly emitter: Emitter;
  readonly isConnected: boolean;
  /** Says hello on an open socket. Settles when the service has answered. */
  greet(link: Link): Promise<void>;
  /** Another try would end the same way. */
  end(error: PubSubError): void;
}

/** Timers of the platforms hold hardly more; the next connection plans again. */
const maxDelayMs = 24 * 86_400_000;

export class Dialer {
  /** Why there is no connection, as far as is known. */
  lastError: PubSubError | undefined;
  readonly attempts: Attempts;
  readonly #WebSocket;
  #opening: Link | undefined;
  /** The next try, or the replacement of the connection that is there. */
  #next: Cancel | undefined;
  /** Of a plain token. */
  #expiry: Cancel | undefined;
  #isDialing = false;
  #isEnded = false;
  readonly #port: DialerPort;

  constructor(port: DialerPort) {
    this.#port = port;
    this.#WebSocket = webSocketClass(port.options.WebSocket);
    this.attempts = new Attempts(port.timers, port.options);
  }

  async dial(): Promise<void> {
    if (!this.#mayDial()) return;
    this.#isDialing = true;
    this.#next?.();
    let error: PubSubError | undefined;
    try {
      await this.#open();
    } catch (thrown) {
      error = thrown instanceof PubSubError ? thrown : refusal(thrown);
      this.#opening?.end(error);
    }
    this.#opening = undefined;
    this.#isDialing = false;
    if (this.#isEnded) return;
    const isConnected = this.#port.isConnected;
    if (error !== undefined && this.attempts.failed(error) && !isConnected) this.#port.end(error);
    // One that was welcome may have ended while the answers to its first questions were being looked at.
    else if (error !== undefined || !isConnected) this.#tryAgain(error ?? new PubSubError('connection_lost'));
  }

  /** The life of the token is not a number when the service does not say. */
  welcomed(tokenLifeMs: number): void {
    const { timers, options } = this.#port;
    const canRenew = typeof options.token !== 'string';
    this.#opening = undefined;
    this.lastError = undefined;
    this.attempts.succeeded();
    this.#expiry?.();
    if (!canRenew && tokenLifeMs <= maxDelayMs)
      this.#expiry = timers.after(Math.max(0, tokenLifeMs), () => {
        this.#port.end(new PubSubError('token_expired'));
      });
    this.dialIn(replaceInMs(canRenew && tokenLifeMs > 0 ? tokenLifeMs : undefined, timers.random()));
  }

  /** The connection that is there stays until the next one is. */
  dialIn(delayMs: number): void {
    if (this.#isEnded) return;
    this.#next?.();
    this.#next = this.#port.timers.after(delayMs, () => void this.dial(), true);
  }

  /** A connection that was welcome has ended. */
  dropped(error: PubSubError): void {
    this.attempts.dropped();
    if (!this.#isDialing) this.#tryAgain(error);
  }

  /** The network has changed, or the machine has slept; `withinMs`: for what is being opened to show a sign of life. */
  hinted(withinMs: number): void {
    this.#opening?.suspect(withinMs);
    if (!this.#mayDial() || this.#port.isConnected) return;
    this.attempts.afresh();
    this.dialIn(this.attempts.spreadMs());
  }

  end(): void {
    this.#isEnded = true;
    this.#next?.();
    this.#expiry?.();
    this.#opening?.end(new PubSubError('closed'));
  }

  #mayDial(): boolean {
    return !this.#isDialing && !this.#isEnded;
  }

  async #open(): Promise<void> {
    const port = this.#port;
    const { options, timers } = port;
    // There is no socket yet that holds a Node process.
    this.#next = timers.after(tokenMs, () => undefined, true);
    const token = await freshToken(options.token, timers);
    if (this.#isEnded) return;
    const link = new Link(
      connectUrl(options.url, token, options.echo !== false),
      this.#WebSocket,
      timers,
      port,
    );
    this.#opening = link;
    await link.opening.promise;
    await port.greet(link);
  }

  #tryAgain(error: PubSubError): void {
    if (this.#isEnded) return;
    this.lastError = error;
    const { attempt, delayMs } = this.attempts.nextTry(error);
    this.#port.emitter.emit('retrying', { attempt, delayMs, error });
    this.dialIn(delayMs);
  }
}
