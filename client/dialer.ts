/**
 * Opens connections, one at a time, and goes on trying until one is welcome or no try could change the outcome.
 */
import { Attempts } from './attempts';
import type { Emitter } from './emitter';
import { PubSubError } from './errors';
import { refusal } from './platform';
import { Link, type LinkEvents } from './link';
import type { PubSubOptions } from './options';
import { webSocketClass } from './socket';
import type { Cancel, Timers } from './timers';
import { connectUrl, freshToken } from './token';

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

export class Dialer {
  /** Why there is no connection, as far as is known. */
  lastError: PubSubError | undefined;
  readonly attempts: Attempts;
  private readonly WebSocket;
  private opening: Link | undefined;
  private retry: Cancel | undefined;
  private isDialing = false;
  private isEnded = false;

  constructor(private readonly port: DialerPort) {
    this.WebSocket = webSocketClass(port.options.WebSocket);
    this.attempts = new Attempts(port.timers, port.options);
  }

  async dial(): Promise<void> {
    if (!this.mayDial()) return;
    this.isDialing = true;
    this.retry?.();
    this.retry = undefined;
    let error: PubSubError | undefined;
    try {
      await this.open();
    } catch (thrown) {
      error = thrown instanceof PubSubError ? thrown : refusal(thrown);
      this.opening?.end(error);
    }
    this.opening = undefined;
    this.isDialing = false;
    if (this.isEnded) return;
    const isConnected = this.port.isConnected;
    if (error !== undefined && this.attempts.failed(error) && !isConnected) this.port.end(error);
    // One that was welcome may have ended while the answers to its first questions were being looked at.
    else if (error !== undefined || !isConnected) this.tryAgain(error ?? new PubSubError('connection_lost'));
  }

  welcomed(): void {
    this.opening = undefined;
    this.lastError = undefined;
    this.attempts.succeeded();
  }

  /** A connection that was welcome has ended. */
  dropped(error: PubSubError): void {
    this.attempts.dropped();
    if (!this.isDialing) this.tryAgain(error);
  }

  /** The network has changed, or the machine has slept; `withinMs`: for what is being opened to show a sign of life. */
  hinted(withinMs: number): void {
    this.opening?.suspect(withinMs);
    if (!this.mayDial() || this.port.isConnected) return;
    this.attempts.afresh();
    this.dialIn(this.attempts.spreadMs());
  }

  end(): void {
    this.isEnded = true;
    this.retry?.();
    this.opening?.end(new PubSubError('closed'));
  }

  private mayDial(): boolean {
    return !this.isDialing && !this.isEnded;
  }

  private async open(): Promise<void> {
    const { port } = this;
    const { options, timers } = port;
    const token = await freshToken(options.token, timers);
    if (this.isEnded) return;
    const link = new Link(connectUrl(options.url, token, options.echo ?? true), this.WebSocket, timers, port);
    this.opening = link;
    await link.opened;
    await port.greet(link);
  }

  private tryAgain(error: PubSubError): void {
    if (this.isEnded) return;
    this.lastError = error;
    const { attempt, delayMs } = this.attempts.nextTry(error);
    this.port.emitter.emit('retrying', { attempt, delayMs, error });
    this.dialIn(delayMs);
  }

  private dialIn(delayMs: number): void {
    if (this.isEnded) return;
    this.retry?.();
    this.retry = this.port.timers.after(delayMs, () => void this.dial(), true);
  }
}
