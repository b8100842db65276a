/**
 * What the user sends: checked, given an id, handed to the outbox, shown to the client's own readers when it is acknowledged,
 * and known again when it comes back.
 */
import { reservedChannels } from '../../../protocol/names';
import { isPosition } from '../shared/cursor';
import { PubSubError } from '../shared/errors';
import {
  checkPublish,
  type DirectOptions,
  type Message,
  newId,
  publishFrame,
  readMessage,
} from '../shared/messages';
import type { PubSubOptions } from '../options';
import type { Acknowledged, Outbox, Receipt } from './outbox';
import { RecentIds } from '../reading/recent-ids';
import type { State } from '../shared/state';
import type { Streams } from '../reading/streams';
import type { Timers } from '../shared/timers';

/** The session. */
export interface PublisherPort {
  readonly options: PubSubOptions;
  readonly timers: Timers;
  readonly outbox: Outbox;
  readonly streams: Streams;
  readonly state: State;
  readonly agentId: string | undefined;
  readonly tenantId: string | undefined;
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
    const echo = options.echo ?? session.options.echo ?? true;
    const { to, channel_id } = destination;
    const isLocal =
      echo === true && channel_id !== undefined && session.streams.get(channel_id) !== undefined;
    if (!echo) this.#own.note(id, session.timers.now());
    const acknowledged: Acknowledged = (receipt, json) => {
      const name = channel_id ?? (to === session.agentId ? reservedChannels.inbox : '');
      // The stream of this moment: a reader may have come or gone meanwhile.
      const stream = session.streams.get(name);
      if (isLocal) stream?.echo(this.#copyOf(json, receipt), receipt.status === 'duplicate');
      else if (!echo && isPosition(receipt)) stream?.seen(receipt);
    };
    const frame = publishFrame(destination, id, content, options, !isLocal && options.echo && true);
    const receipt = session.outbox.add(frame, acknowledged, options.timeoutMs);
    session.wake();
    return receipt;
  }

  /** The message as others get it from the service (MSG-1, MSG-2). */
  #copyOf(json: string, { timestamp, sequence, epoch }: Receipt): Message {
    const frame = JSON.parse(json) as Record<string, unknown>;
    delete frame.ephemeral;
    delete frame.echo;
    delete frame.retry;
    const { agentId: agent_id, tenantId: tenant_id } = this.#session;
    return { ...readMessage({ ...frame, agent_id, tenant_id, sequence, epoch, replayed: false }), timestamp };
  }

  isOwn({ agentId, id }: Message): boolean {
    return agentId === this.#session.agentId && this.#own.has(id);
  }
}
