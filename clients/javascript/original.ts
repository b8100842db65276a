/**
 * The original client's class and method names on top of this client, so that a program moves by changing an import.
 * Frames keep the names of the wire. What was wrong with the original is not kept; the README lists it.
 */
import { type Message, PubSub, type PubSubOptions, type Receipt } from './index';

/** A message or an ACK, with the names of the wire. */
export type WireFrame = Readonly<Record<string, unknown>>;

/** What the original had no place for. */
export type MoreOptions = Pick<PubSubOptions, 'WebSocket' | 'allowInsecure' | 'cursor' | 'echo'>;

/**
 * @example
 * const client = new ArtCafeWebSocketClient('wss://…', token, 'lobby');
 * client.onMessage((message) => console.log(message.agent_id, message.content));
 * await client.connect();
 * await client.sendMessage('Hello, world!', { importance: 'high' });
 */
export class ArtCafeWebSocketClient {
  #bus: PubSub | undefined;
  #callback: ((message: WireFrame) => unknown) | undefined;
  readonly #baseUrl: string;
  readonly #token: PubSubOptions['token'];
  readonly #channelId: string | null;
  readonly #options: MoreOptions;

  constructor(
    baseUrl: string,
    token: PubSubOptions['token'],
    channelId: string | null = null,
    options: MoreOptions = {},
  ) {
    this.#baseUrl = baseUrl;
    this.#token = token;
    this.#channelId = channelId;
    this.#options = options;
  }

  /** Resolves when the connection is open; rejects when the token is refused. */
  async connect(): Promise<void> {
    // Its users answer by hand.
    const bus = new PubSub({ ...this.#options, observer: true, url: this.#baseUrl, token: this.#token });
    const old = this.#bus;
    // Before anything is waited for: another call closes it.
    this.#bus = bus;
    await old?.close();
    const take = (message: Message): unknown => {
      return this.#bus === bus ? this.#callback?.(toWire(message)) : undefined;
    };
    bus.on('error', (error) => {
      console.error('Error in a message handler:', error);
    });
    const subscribed = [bus.inbox.subscribe(take)];
    if (this.#channelId) subscribed.push(bus.channel(this.#channelId).subscribe(take));
    try {
      await Promise.all([bus.connect(), ...subscribed]);
    } catch (error) {
      await Promise.allSettled([bus.close(), ...subscribed]);
      throw error;
    }
  }

  async disconnect(): Promise<void> {
    const bus = this.#bus;
    this.#bus = undefined;
    await bus?.close();
  }

  /** Resolves with the ACK. */
  async sendMessage(content: unknown, metadata: Readonly<Record<string, unknown>> = {}): Promise<WireFrame> {
    const bus = this.#bus;
    if (bus === undefined) throw new Error('WebSocket is not connected');
    const { to } = metadata;
    if (this.#channelId) return toAck(await bus.channel(this.#channelId).publish(content, { metadata }));
    if (typeof to === 'string') return toAck(await bus.agent(to).send(content, { metadata }));
    throw new Error('Without a channel, metadata.to has to name an agent');
  }

  onMessage(callback: (message: WireFrame) => unknown): this {
    this.#callback = callback;
    return this;
  }
}

function toWire(message: Message): WireFrame {
  const { id, type, content, metadata, tenantId, agentId, channelId, timestamp, extra } = message;
  return {
    id,
    type,
    content,
    ...extra,
    tenant_id: tenantId,
    agent_id: agentId,
    ...(channelId === undefined ? {} : { channel_id: channelId }),
    timestamp: new Date(timestamp).toISOString(),
    metadata,
  };
}

function toAck({ id, timestamp, status, sequence, epoch }: Receipt): WireFrame {
  return {
    type: 'ACK',
    message_id: id,
    timestamp: new Date(timestamp).toISOString(),
    status,
    sequence,
    epoch,
  };
}
