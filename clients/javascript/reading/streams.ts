/**
 * All channels that this client follows: who is subscribed on which connection, and what arrives for whom.
 */
import { channels as maxChannels, pingChannels } from '../../../protocol/limits';
import { reservedChannels } from '../../../protocol/names';
import type { Position } from '../shared/cursor';
import { CursorWriter } from './cursor-writer';
import type { PubSubError } from '../shared/errors';
import type { Frame, Message } from '../shared/messages';
import { list, readGaps, readState } from '../connection/replies';
import { Stream } from './stream';
import type { StreamPort } from './stream-port';

/** What was asked for in a `hello`. */
export type Asked = ReadonlyMap<Stream, Position | undefined>;

const { inbox, presence } = reservedChannels;
/** Messages of the inbox that are handled before they are reported without waiting for the next ping. */
const reportEvery = 100;

export class Streams {
  readonly inbox: Stream;
  /** Settles when the cursor has said where the inbox stands: `hello` names it. */
  readonly loaded: Promise<void>;
  left = Promise.resolve();
  /** The sequence up to which the inbox was reported as handled; `undefined` for a service that does not keep that. */
  #told: number | undefined;
  readonly #followed = new Map<string, Stream>();
  /** Also of channels that were left: a reader may come back, and the cursor may not have all of it. */
  readonly #writers = new Map<string, CursorWriter>();
  readonly #client: StreamPort;

  constructor(client: StreamPort) {
    this.#client = client;
    this.inbox = this.#make(inbox);
    this.loaded = this.inbox.load(undefined);
  }

  get hasHole(): boolean {
    return [...this.#followed.values()].some(({ hasHole }) => hasHole);
  }

  get(channelId: string): Stream | undefined {
    return this.#followed.get(channelId);
  }

  /** The stream of a channel, which is made and subscribed when there is none. */
  open(channelId: string, since?: Position): Stream {
    const known = this.get(channelId);
    if (known) return known;
    const stream = this.#make(channelId);
    void stream.load(since);
    return stream;
  }

  /** Ends the stream when nobody reads it any more. */
  release(stream: Stream): void {
    if (!stream.readers.isEmpty || stream.isEnded || stream.isInbox) return;
    this.drop(stream);
    this.#leave(stream.channelId);
  }

  drop(stream: Stream, error?: PubSubError): void {
    this.#followed.delete(stream.channelId);
    stream.end(error);
  }

  /** Settles when the cursor has saved what is handled. */
  async end(error: PubSubError | undefined): Promise<void> {
    for (const stream of this.#followed.values()) this.drop(stream, error);
    await Promise.all([...this.#writers.values()].map(({ settled }) => settled));
  }

  offer(message: Message): void {
    this.get(message.channelId ?? inbox)?.offer(message);
  }

  replayed(frame: Frame): void {
    const { complete, channel_id } = frame;
    this.get(channel_id as string)?.replayed(complete === true, readGaps(frame));
  }

  /** The positions for a `hello`: as many as fit, the rest is subscribed one by one. */
  resume(): Asked {
    this.#told = this.inbox.handled?.sequence;
    const loaded = [...this.#followed.values()].filter(({ isLoaded }) => isLoaded).slice(0, maxChannels);
    return new Map(loaded.map((stream) => [stream, stream.position]));
  }

  /** A channel in a `hello` or `ping`. */
  readonly place = ({ channelId, position, isInbox }: Stream): Frame => {
    const { handled } = this.inbox;
    if (isInbox && this.#told !== undefined) this.#told = handled?.sequence ?? 0;
    return { channel_id: channelId, ...position, handled: isInbox ? (handled ?? {}) : undefined };
  };

  /** `asked` in the `hello` that this answers. */
  welcome(frame: Frame, asked: Asked): void {
    for (const state of list(frame.channels).map(readState)) {
      const { channelId, from, head, reason } = state;
      if (channelId === inbox) this.#told = from && (this.#told ?? from);
      const stream = this.get(channelId);
      if (stream) {
        // Another one than that which was asked for has a position of its own.
        if (asked.has(stream)) stream.settle(state, asked.get(stream));
        // It was left meanwhile.
      } else if (head || reason !== 'forbidden') this.#leave(channelId);
    }
    for (const stream of this.#followed.values()) if (!asked.has(stream)) void stream.subscribe();
  }

  /** Positions for `ping`, in groups of what one may ask about: at least one. */
  places(): readonly (readonly Frame[])[] {
    const places = [...this.#followed.values()]
      .filter(({ position, channelId }) => position && channelId !== presence)
      .map(this.place);
    const groups: Frame[][] = [];
    do groups.push(places.splice(0, pingChannels));
    while (places.length > 0);
    return groups;
  }

  pong(frame: Frame): void {
    for (const { channelId, head } of list(frame.channels).map(readState))
      if (head) this.get(channelId)?.learnHead(head);
  }

  /** Something is handled further than before, maybe the inbox. */
  #handled(): void {
    if ((this.inbox.handled?.sequence ?? 0) - (this.#told ?? Infinity) >= reportEvery) void this.report();
  }

  /** Tells the service how far the inbox is handled. Never rejects: the next ping tells it as well. */
  async report(): Promise<void> {
    if (this.#told !== undefined) await this.#client.ping([this.place(this.inbox)]);
  }

  #make(channelId: string): Stream {
    const { cursor, emitter } = this.#client;
    const writer =
      this.#writers.get(channelId) ??
      new CursorWriter(
        (position) => cursor.save(channelId, position),
        emitter.report,
        () => {
          this.#handled();
        },
      );
    this.#writers.set(channelId, writer);
    const stream = new Stream(channelId, this.#client, this, writer);
    this.#followed.set(channelId, stream);
    return stream;
  }

  #leave(channelId: string): void {
    if (!this.#client.isConnected) return;
    const { left } = this;
    this.left = this.#client
      .ask({ type: 'unsubscribe', channel_id: channelId }, () => undefined)
      // What comes all the same is for nobody, and the next connection does not ask for it.
      .catch(() => undefined)
      .then(() => left);
  }
}
