/** Connections to the bus: as many as the watched channels need, since one takes 100 of them. */
import { signal } from '@preact/signals';
import { type Message, type Position, PubSub, type Subscription } from '@artcafe/pubsub';
import { openSession } from './session';

export type Link = 'connecting' | 'connected' | 'reconnecting' | 'refused';

export const link = signal<Link>('connecting');
/** Epoch ms of the next try, while reconnecting. */
export const nextTryAt = signal<number | undefined>(undefined);
export const linkError = signal<string | undefined>(undefined);

const channelsPerBus = 95;

export interface Watcher {
  message(message: Message): void;
  /** Messages that will not come. */
  gap(channel: string, reason: string): void;
  /** A connection is there again after a time without. */
  returned(): void;
}

export class Buses {
  readonly #buses: { readonly bus: PubSub; channels: number }[] = [];
  readonly #subscriptions = new Map<string, Promise<Subscription | undefined>>();

  constructor(
    private readonly url: string,
    private readonly watcher: Watcher,
  ) {}

  /**
   * Settles when the service has subscribed; idempotent.
   * @param since - messages after it come as well
   */
  watch(channel: string, since?: Position): Promise<unknown> {
    const known = this.#subscriptions.get(channel);
    if (known !== undefined) return known;
    const bus = this.#roomy();
    const subscribing = bus
      .channel(channel)
      .subscribe(
        (message) => {
          this.watcher.message(message);
        },
        since === undefined ? {} : { since },
      )
      .catch(() => {
        // Asked again when the directory is read next.
        this.#subscriptions.delete(channel);
        return undefined;
      });
    this.#subscriptions.set(channel, subscribing);
    return subscribing;
  }

  get first(): PubSub {
    return this.#buses[0]?.bus ?? this.#open();
  }

  #roomy(): PubSub {
    const roomy = this.#buses.find(({ channels }) => channels < channelsPerBus);
    if (roomy === undefined) {
      this.#open();
      return this.#roomy();
    }
    roomy.channels += 1;
    return roomy.bus;
  }

  #open(): PubSub {
    const bus = new PubSub({ url: this.url, token: openSession, observer: true, backoff: { capMs: 10_000 } });
    const isFirst = this.#buses.length === 0;
    this.#buses.push({ bus, channels: 0 });
    if (isFirst) this.#report(bus);
    bus.on('gap', ({ channelId, reason }) => {
      this.watcher.gap(channelId, reason);
    });
    bus.on('error', () => undefined);
    return bus;
  }

  /** The first connection speaks for all. */
  #report(bus: PubSub): void {
    let hasBeen = false;
    bus.on('state', ({ state, error }) => {
      if (state === 'connected') {
        link.value = 'connected';
        nextTryAt.value = undefined;
        linkError.value = undefined;
        if (hasBeen) this.watcher.returned();
        hasBeen = true;
      } else if (state === 'closed') {
        link.value = 'refused';
        linkError.value = error?.message;
      } else {
        link.value = hasBeen ? 'reconnecting' : 'connecting';
      }
    });
    bus.on('retrying', ({ delayMs, error }) => {
      link.value = hasBeen ? 'reconnecting' : 'connecting';
      nextTryAt.value = Date.now() + delayMs;
      linkError.value = error.message;
    });
  }
}
