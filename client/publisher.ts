/**
 * What the user sends: checked, given an id, handed to the outbox, and known again when it comes back.
 */
import { reservedChannels } from '../protocol/names';
import type { Position } from './cursor';
import { PubSubError } from './errors';
import { checkPublish, type DirectOptions, type Message, newId, publishFrame } from './messages';
import type { Outbox, Receipt } from './outbox';
import { RecentIds } from './recent-ids';
import type { Timers } from './timers';
import { atMost } from './within';

export interface PublisherPort {
  readonly timers: Timers;
  readonly outbox: Outbox;
  /** Whether the client hears its own messages. */
  readonly echo: boolean;
  isClosed(): boolean;
  agentId(): string | undefined;
  /** Connects when nothing has. */
  wake(): void;
  /** An acknowledged message that the client does not want to hear. */
  seen(channelId: string, position: Position): void;
}

export type Destination =
  { readonly channel_id: string; readonly to?: never } | { readonly to: string; readonly channel_id?: never };

/** The service finds the first copy of a message for so long, and so may we meet it. */
const ownIdsMs = 10 * 60_000;
/** In which the answer to a publish can still come after a `close`. */
const closingMs = 5_000;

export class Publisher {
  private readonly own = new RecentIds(ownIdsMs);
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly port: PublisherPort) {}

  async publish(destination: Destination, content: unknown, options: DirectOptions): Promise<Receipt> {
    checkPublish(options);
    const { port, waiting } = this;
    if (port.isClosed()) throw new PubSubError('closed');
    const id = options.id ?? newId();
    const isHeard = options.echo ?? port.echo;
    if (!isHeard) this.own.note(id, port.timers.now());
    const frame = publishFrame(destination, id, content, options);
    const acknowledged = (position: Position): void => {
      const { to, channel_id = to === port.agentId() ? reservedChannels.inbox : undefined } = destination;
      if (!isHeard && channel_id !== undefined) port.seen(channel_id, position);
    };
    const receipt = port.outbox.add(frame, acknowledged, options.timeoutMs);
    port.wake();
    try {
      return await receipt;
    } finally {
      if (port.outbox.length === 0) for (const drained of waiting.splice(0)) drained();
    }
  }

  isOwn({ agentId, id }: Message): boolean {
    return agentId === this.port.agentId() && this.own.has(id);
  }

  /** Settles when all is acknowledged, or after 5 s. */
  async drained(): Promise<void> {
    const { outbox, timers } = this.port;
    if (outbox.length === 0) return;
    await atMost(closingMs, new Promise<void>((resolve) => this.waiting.push(resolve)), timers);
  }
}
