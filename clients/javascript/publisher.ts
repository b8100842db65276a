/**
 * What the user sends: checked, given an id, handed to the outbox, and known again when it comes back.
 */
import { reservedChannels } from '../../protocol/names';
import type { Position } from './cursor';
import { PubSubError } from './errors';
import { checkPublish, type DirectOptions, type Message, newId, publishFrame } from './messages';
import type { PubSubOptions } from './options';
import type { Outbox, Receipt } from './outbox';
import { RecentIds } from './recent-ids';
import type { State } from './state';
import type { Streams } from './streams';
import type { Timers } from './timers';

/** The session. */
export interface PublisherPort {
  readonly options: PubSubOptions;
  readonly timers: Timers;
  readonly outbox: Outbox;
  readonly streams: Streams;
  readonly state: State;
  readonly agentId: string | undefined;
  /** Connects when nothing has. */
  wake(): void;
}

export type Destination =
  { readonly channel_id: string; readonly to?: never } | { readonly to: string; readonly channel_id?: never };

/** The service finds the first copy of a message for so long, and so may we meet it. */
const ownIdsMs = 10 * 60_000;

export class Publisher {
  readonly #own = new RecentIds(ownIdsMs);
  readonly #session: PublisherPort;

  constructor(session: PublisherPort) {
    this.#session = session;
  }

  async publish(destination: Destination, content: unknown, options: DirectOptions): Promise<Receipt> {
    checkPublish(options);
    const session = this.#session;
    if (session.state === 'closed') throw new PubSubError('closed');
    const id = options.id ?? newId();
    const isHeard = options.echo ?? session.options.echo ?? true;
    if (!isHeard) this.#own.note(id, session.timers.now());
    const acknowledged = (position: Position): void => {
      const { to, channel_id = to === session.agentId ? reservedChannels.inbox : '' } = destination;
      if (!isHeard) session.streams.get(channel_id)?.seen(position);
    };
    const frame = publishFrame(destination, id, content, options);
    const receipt = session.outbox.add(frame, acknowledged, options.timeoutMs);
    session.wake();
    return receipt;
  }

  isOwn({ agentId, id }: Message): boolean {
    return agentId === this.#session.agentId && this.#own.has(id);
  }
}
