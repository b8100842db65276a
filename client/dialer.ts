/**
 * Opens connections, one at a time, and goes on trying until one is welcome or no try could change the outcome.
 */
import { Attempts } from './attempts';
import type { Emitter } from './emitter';
import { PubSubError } from './errors';
import { withoutSecrets } from './handshake';
import { Link, type LinkEvents } from './link';
import type { PubSubOptions } from './options';
import { webSocketClass } from './socket';
import type { Cancel, Timers } from './timers';
import { connectUrl, freshToken } from './token';

export interface DialerPort {
  readonly options: PubSubOptions;
  readonly timers: Timers;
  readonly emitter: Emitter;
  readonly events: LinkEvents;
  /** Says hello on an open socket. Settles when the service has answered. */
  readonly greet: (link: Link) => Promise<void>;
  isConnected(): boolean;
  /** Another try would end the same way. */
  refused(error: PubSubError): void;
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
      error = asError(thrown);
      this.opening?.end(error);
    }
    this.opening = undefined;
    this.isDialing = false;
    if (this.isEnded) return;
    const isConnected = this.port.isConnected();
    if (error !== undefined && this.attempts.failed(error) && !isConnected) this.port.refused(error);
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
    if (!this.mayDial() || this.port.isConnected()) return;
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
    const { options, timers, events, greet } = this.port;
    const token = await freshToken(options.token, timers);
    if (this.isEnded) return;
    const link = new Link(
      connectUrl(options.url, token, options.echo ?? true),
      this.WebSocket,
      timers,
      events,
    );
    this.opening = link;
    await link.opened;
    await greet(link);
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

/** Platforms quote the URL in what they throw. */
function asError(thrown: unknown): PubSubError {
  if (thrown instanceof PubSubError) return thrown;
  const cause = withoutSecrets(thrown);
  return new PubSubError('unavailable', `No connection: ${cause.message}`, { cause });
}
