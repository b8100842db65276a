/**
 * All channels that this client follows: who is subscribed on which connection, and what arrives for whom.
 */
import { reservedChannels } from '../protocol/names';
import { backoffMs } from './backoff';
import { isPosition, type Position } from './cursor';
import { type Deferred, deferred } from './deferred';
import { PubSubError } from './errors';
import type { Frame, Message } from './messages';
import { type ChannelState, list, readGaps, readHistory, readState } from './replies';
import { Stream, type StreamPort } from './stream';
import { pingChannels, resumeChannels } from './wire-limits';

export type Ask = <T>(frame: Frame, read: (parts: readonly Frame[]) => T, signal?: AbortSignal) => Promise<T>;

export interface StreamsPort extends Omit<StreamPort, 'handled' | 'history' | 'subscribe'> {
  /** Asks on the connection of the moment; rejects with `connection_lost` when there is none. */
  readonly ask: Ask;
  isConnected(): boolean;
}

interface Entry {
  readonly stream: Stream;
  /** Settles with the first answer of the service. */
  readonly ready: Deferred<void>;
  /** Whether the cursor has said where the reader stands. */
  isLoaded: boolean;
  tries: number;
  /** Whether the service has answered, and the user knows. */
  isReady: boolean;
}

/** What was asked for in a `hello`, by channel. */
export type Asked = ReadonlyMap<string, Position | undefined>;

const { inbox, presence } = reservedChannels;
/** Messages of the inbox that are handled before they are reported without waiting for the next ping. */
const reportEvery = 100;

export class Streams {
  readonly inbox: Stream;
  /** Settles when the cursor has said where the inbox stands: `hello` names it. */
  readonly loaded: Promise<void>;
  /** The sequence up to which the inbox was reported as handled; `undefined` for a service that does not keep that. */
  private told: number | undefined;
  private readonly followed = new Map<string, Entry>();
  /** Settles when the cursor has saved what is handled of the streams that have ended. */
  private saved = Promise.resolve();
  /** Channels that are being unsubscribed: subscribing again has to wait, or the two may overtake each other. */
  private readonly leaving = new Map<string, Promise<void>>();

  constructor(private readonly port: StreamsPort) {
    const { stream, loading } = this.add(inbox);
    this.inbox = stream;
    this.loaded = loading;
  }

  get hasHole(): boolean {
    return [...this.followed.values()].some(({ stream }) => stream.hasHole);
  }

  /** The stream of a channel, which is made and subscribed when there is none. */
  open(channelId: string, since?: Position): Stream {
    const { stream } = this.followed.get(channelId) ?? this.add(channelId, since);
    return stream;
  }

  /** Whether the stream exists, so that a position to begin at comes too late. */
  has(channelId: string): boolean {
    return this.followed.has(channelId);
  }

  /** Settles when the service has answered about the channel, which has a stream. */
  ready(channelId: string): { readonly promise: Promise<void> } {
    return this.followed.get(channelId)?.ready ?? { promise: Promise.resolve() };
  }

  /** Ends the stream when nobody reads it any more. */
  release(stream: Stream): void {
    const { channelId } = stream;
    const entry = this.followed.get(channelId);
    if (stream.hasReaders || entry?.stream !== stream || stream === this.inbox) return;
    this.followed.delete(channelId);
    this.endStream(stream);
    entry.ready.reject(new PubSubError('closed'));
    this.leave(channelId);
  }

  /** Settles when the cursor has saved what is handled. */
  end(error: PubSubError, isWanted: boolean): Promise<void> {
    for (const { stream, ready } of this.followed.values()) {
      this.endStream(stream, isWanted ? undefined : error);
      ready.reject(error);
    }
    this.followed.clear();
    return this.saved;
  }

  offer(message: Message): void {
    this.followed.get(message.channelId ?? inbox)?.stream.offer(message);
  }

  /** An acknowledged message of our own, which we will not hear. */
  seen(channelId: string, position: Position): void {
    this.followed.get(channelId)?.stream.seen(position);
  }

  replayed(frame: Frame): void {
    const { complete } = frame;
    this.followed
      .get(String(frame.channel_id))
      ?.stream.replayed({ complete: complete === true, gaps: readGaps(frame) });
  }

  /** The positions for a `hello`: as many as fit, the rest is subscribed one by one. */
  resume(): Asked {
    const loaded = [...this.followed].filter(([, { isLoaded }]) => isLoaded).slice(0, resumeChannels);
    return new Map(loaded.map(([channelId, { stream }]) => [channelId, stream.position]));
  }

  /** How they stand in a `hello`. */
  resumeFrames(asked: Asked): readonly Frame[] {
    this.told = this.inbox.handled?.sequence;
    return [...asked].map(([channelId, position]) => this.place(channelId, position));
  }

  /** `asked` in the `hello` that this answers. */
  welcome(frame: Frame, asked: Asked): void {
    for (const state of list(frame.channels).map(readState)) {
      const { channelId, from } = state;
      if (channelId === inbox) this.told = from && (this.told ?? from);
      const entry = this.followed.get(state.channelId);
      if (entry?.isLoaded) this.settle(entry, state, asked.get(state.channelId));
    }
    for (const [channelId, entry] of this.followed) if (!asked.has(channelId)) void this.subscribe(entry);
    for (const channelId of asked.keys()) if (!this.followed.has(channelId)) this.leave(channelId);
  }

  /** Positions for `ping`, in groups of what one may ask about. */
  pings(): readonly Frame[] {
    const places = [...this.followed.values()].flatMap(({ stream: { channelId, position } }) =>
      position === undefined || channelId === presence ? [] : [this.place(channelId, position)],
    );
    const groups: Frame[] = [];
    for (let index = 0; index === 0 || index < places.length; index += pingChannels) {
      groups.push({ type: 'ping', channels: places.slice(index, index + pingChannels) });
    }
    return groups;
  }

  pong(frame: Frame): void {
    for (const { channelId, head } of list(frame.channels).map(readState)) {
      if (head !== undefined) this.followed.get(channelId)?.stream.learnHead(head);
    }
  }

  /** Tells the service how far the inbox is handled. Never rejects: the next ping tells it as well. */
  async report(): Promise<void> {
    if (this.told === undefined || !this.port.isConnected()) return;
    const ping = { type: 'ping', channels: [this.place(inbox, this.inbox.position)] };
    await this.port.ask(ping, () => undefined).catch(() => undefined);
  }

  /** A channel in a `hello` or `ping`. */
  private place(channelId: string, position: Position | undefined): Frame {
    if (channelId !== inbox) return { channel_id: channelId, ...position };
    const { handled } = this.inbox;
    if (this.told !== undefined) this.told = handled?.sequence ?? 0;
    return { channel_id: channelId, ...position, handled: handled ?? {} };
  }

  private add(channelId: string, since?: Position): Entry & { readonly loading: Promise<void> } {
    const { port } = this;
    const streamPort: StreamPort = {
      ...port,
      handled: () => {
        if ((this.inbox.handled?.sequence ?? 0) - (this.told ?? Infinity) >= reportEvery) void this.report();
      },
      history: (id, after, limit) => port.ask({ type: 'history', channel_id: id, after, limit }, readHistory),
      subscribe: (id, position) =>
        port.ask({ type: 'subscribe', channel_id: id, since: position }, ([frame = {}]) => readState(frame)),
    };
    const stream = new Stream(channelId, streamPort, channelId === inbox);
    const entry: Entry = { stream, ready: deferred(), isLoaded: false, tries: 0, isReady: false };
    this.followed.set(channelId, entry);
    return Object.assign(entry, { loading: this.load(entry, since) });
  }

  private async load(entry: Entry, since: Position | undefined): Promise<void> {
    const { stream } = entry;
    try {
      const position: unknown = since ?? (await this.port.cursor.load(stream.channelId)) ?? undefined;
      if (position !== undefined && !isPosition(position))
        throw new TypeError(`The cursor of "${stream.channelId}" gave no position`);
      stream.since = position;
    } catch (error) {
      stream.isPositionLost = true;
      // In the constructor of the client nobody can listen yet.
      await Promise.resolve();
      if ((error as PubSubError | undefined)?.code !== 'position_lost')
        this.port.emitter.emit('error', error);
    }
    entry.isLoaded = true;
    if (this.port.isConnected()) await this.subscribe(entry);
  }

  private async subscribe(entry: Entry): Promise<void> {
    const { stream } = entry;
    const { channelId, position } = stream;
    await this.leaving.get(channelId);
    if (!entry.isLoaded || this.followed.get(channelId) !== entry) return;
    try {
      await this.port.ask({ type: 'subscribe', channel_id: channelId, since: position }, ([frame = {}]) => {
        this.settle(entry, readState(frame), position);
      });
    } catch (error) {
      // Without a connection, the next `hello` asks.
      if (!(error instanceof PubSubError) || error.code === 'connection_lost') return;
      if (!error.retryable) {
        this.fail(entry, error);
        return;
      }
      const delayMs = backoffMs(++entry.tries, this.port.timers);
      this.port.timers.after(delayMs, () => void this.subscribe(entry));
    }
  }

  private settle(entry: Entry, state: ChannelState, since: Position | undefined): void {
    if (state.head === undefined && state.reason === 'forbidden') {
      this.fail(entry, new PubSubError('forbidden'));
      return;
    }
    entry.tries = 0;
    entry.stream.standing(state, since);
    entry.isReady = true;
    entry.ready.resolve();
  }

  private fail(entry: Entry, error: PubSubError): void {
    if (this.followed.get(entry.stream.channelId) !== entry) return;
    this.followed.delete(entry.stream.channelId);
    this.endStream(entry.stream, error);
    entry.ready.reject(error);
    if (entry.isReady) this.port.emitter.emit('error', error);
  }

  private endStream(stream: Stream, error?: PubSubError): void {
    const ended = stream.end(error);
    this.saved = this.saved.then(() => ended);
  }

  private leave(channelId: string): void {
    if (!this.port.isConnected()) return;
    const left = this.port
      .ask({ type: 'unsubscribe', channel_id: channelId }, () => undefined)
      // What comes all the same is for nobody, and the next connection does not ask for it.
      .catch(() => undefined)
      .then(() => {
        if (this.leaving.get(channelId) === left) this.leaving.delete(channelId);
      });
    this.leaving.set(channelId, left);
  }
}
