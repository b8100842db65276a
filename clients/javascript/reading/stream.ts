/**
 * One channel or the inbox: the feed that puts messages in order, the readers, the log that fills holes, and the cursor.
 */
import { reservedChannels } from '../../../protocol/names';
import { backoffMs } from '../shared/backoff';
import { attempt, check } from '../shared/checks';
import type { Position } from '../shared/cursor';
import { type Deferred, deferred } from '../shared/deferred';
import { PubSubError } from '../shared/errors';
import type { CursorWriter } from './cursor-writer';
import { Feed, isLogged, type LoggedMessage } from './feed';
import type { Gap } from '../shared/gap';
import type { Message } from '../shared/messages';
import { type ChannelState, type HistoryPage, positionIn } from '../connection/replies';
import { type LogGap, readHistory, readState } from '../connection/replies';
import { Readers } from './readers';
import type { Siblings, StreamPort } from './stream-port';
import type { Cancel } from '../shared/timers';

/** Frames on API Gateway may overtake each other by this much. */
const reorderGraceMs = 250;
/** Between two messages of a replay. */
const replayPatienceMs = 5_000;
/** Without the grant to read the log, nothing else can come than what is on its way. */
const withoutLogMs = 5_000;
const maxPauseMs = 30_000;
const historyLimit = 1_000;

export class Stream {
  readonly isInbox;
  /** Settles with the first answer of the service. */
  readonly ready: Deferred<void> = deferred();
  /** Whether the cursor has said where the reader stands. */
  isLoaded = false;
  isEnded = false;
  #isPumping = false;
  readonly #feed: Feed;
  readonly readers: Readers;
  /** Where the cursor says that the reader stands; from before there was a connection. */
  #since: Position | undefined;
  /** Whether the service has answered, and the user knows. */
  isReady = false;
  #mayReadLog = true;
  /** Own messages whose copies are to come from the log; these are for a log that may not be read. */
  #copies: LoggedMessage[] = [];
  #isFillingHole = false;
  #fruitless = 0;
  #replayUntil = 0;
  #timer: Cancel | undefined;
  readonly #siblings: Siblings<Stream>;

  constructor(
    readonly channelId: string,
    readonly client: StreamPort,
    siblings: Siblings<Stream>,
    readonly writer: CursorWriter,
  ) {
    this.#siblings = siblings;
    this.isInbox = channelId === reservedChannels.inbox;
    this.#feed = new Feed((message) => client.publisher.isOwn(message));
    this.readers = new Readers(this);
  }

  /** Everything up to here is handled; `undefined` while that is not known. */
  get handled(): Position | undefined {
    return this.writer.position ?? this.#since;
  }

  /** What to say in `hello`, `subscribe` and `ping`. */
  get position(): Position | undefined {
    return this.#feed.position ?? this.#since;
  }

  get hasHole(): boolean {
    return this.#feed.hasHole && !this.readers.isFull;
  }

  /** Begins at the position, or where the last stream of the channel was, or where the cursor says. */
  async load(since: Position | undefined): Promise<void> {
    const { channelId, client, writer } = this;
    try {
      const position = since ?? writer.unsaved ?? (await client.cursor.load(channelId)) ?? undefined;
      check('position', { [`cursor.load("${channelId}")`]: position });
      this.#since = positionIn(position);
    } catch (error) {
      writer.isLost = true;
      // In the constructor of the client nobody can listen yet.
      await Promise.resolve();
      if (attempt(() => (error as PubSubError).code) !== 'position_lost') client.emitter.report(error);
    }
    this.isLoaded = true;
    if (client.isConnected) await this.subscribe();
  }

  /** Asks the service to follow the channel from where this client stands. */
  async subscribe(): Promise<void> {
    const { channelId, client, position } = this;
    const { timers } = client;
    await this.#siblings.left;
    if (!this.isLoaded || this.isEnded) return;
    try {
      await client.ask({ type: 'subscribe', channel_id: channelId, since: position }, (frame) => {
        if (!this.isEnded) this.settle(readState(frame), position);
      });
    } catch (error) {
      const { code, retryable } = error as PubSubError;
      // Without a connection, the next `hello` asks.
      if (code === 'connection_lost') return;
      if (!retryable) this.#fail(error as PubSubError);
      else timers.after(backoffMs(++this.#fruitless, timers), () => void this.subscribe());
    }
  }

  end(error?: PubSubError): void {
    this.isEnded = this.#isPumping = true;
    this.#timer?.();
    this.ready.reject(error ?? new PubSubError('closed'));
    this.readers.end(error);
  }

  offer(message: Message): void {
    const { client } = this;
    const feed = this.#feed;
    if (isLogged(message)) {
      if (message.replayed && this.#replayUntil > 0)
        this.#replayUntil = client.timers.now() + replayPatienceMs;
      feed.offer(message);
      this.pump();
    } else if (!client.publisher.isOwn(message) && !feed.isRepeat(message)) {
      this.readers.deliverEphemeral(message);
    }
  }

  /**
   * An acknowledged message of our own, which the service sends to others only. The contents of a duplicate may differ from
   * those of the first message with its id, which is in the log.
   */
  echo(message: Message, isDuplicate: boolean): void {
    if (isDuplicate && isLogged(message) && this.#mayReadLog) {
      this.#copies.push(message);
      this.learnHead(message);
    } else this.offer(message);
  }

  /** An acknowledged message of our own that we do not want to hear. */
  seen(position: Position): void {
    this.#feed.see(position);
    this.pump();
  }

  /** The channel reaches at least to here. */
  learnHead(head: Position): void {
    this.#feed.learnHead(head);
    this.pump();
  }

  /** The answer to `hello` or `subscribe`; `since` is what was asked. */
  settle(state: ChannelState, since: Position | undefined): void {
    const { head, reason } = state;
    if (head !== undefined) this.#begin(head, state, since);
    else if (reason === 'forbidden') this.#fail(new PubSubError(reason));
    this.isReady = true;
    this.ready.resolve();
  }

  /** The end of a replay. */
  replayed(isComplete: boolean, gaps: readonly LogGap[]): void {
    this.#replayUntil = 0;
    this.#skip(gaps);
    this.pump();
    this.#restartTimer(isComplete ? undefined : 0);
  }

  /** Gives the readers what is next. */
  pump(): void {
    // A handler that leaves makes room while its message is handed out: the loop below goes on with what is next.
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.isEnded && !this.readers.isFull) {
      const message = this.#feed.next();
      if (!message) break;
      this.readers.deliver(message);
    }
    this.#isPumping = this.isEnded;
    this.writer.reached(this.#feed.position);
    this.#watch();
  }

  history(after: Position, limit: number): Promise<HistoryPage> {
    return this.client.ask({ type: 'history', channel_id: this.channelId, after, limit }, readHistory);
  }

  lost(reason: string, parts: Partial<Gap>): void {
    this.client.emitter.gap(this.channelId, reason, parts);
  }

  #begin(head: Position, { recovered, reason, from }: ChannelState, since?: Position): void {
    const feed = this.#feed;
    const isFirst = feed.position === undefined;
    this.#mayReadLog = reason !== 'forbidden';
    if (this.writer.isLost && since === undefined) {
      this.writer.isLost = false;
      this.lost('position_lost', { head });
    }
    const isPast = since?.epoch === head.epoch && since.sequence >= head.sequence;
    if (recovered === false && !isPast) this.lost(reason ?? 'expired', { after: since, head });
    // The inbox is replayed from there, so what gets lost of the replay is a hole.
    const start = from === undefined ? head : { ...head, sequence: from };
    const isRecovered = recovered === true && since !== undefined;
    if (isFirst) feed.start(isRecovered ? since : start, { acceptsBacklog: this.isInbox && !isRecovered });
    else if (recovered === false) feed.jump(start);
    if (recovered !== false || from !== undefined) feed.learnHead(head);
    const isReplaying = isRecovered
      ? since.sequence !== head.sequence
      : isFirst && start.sequence < head.sequence;
    this.#replayUntil = isReplaying ? this.client.timers.now() + replayPatienceMs : 0;
    this.#fruitless = 0;
    this.#restartTimer();
    this.pump();
  }

  #fail(error: PubSubError): void {
    if (this.isEnded) return;
    this.#siblings.drop(this, error);
    if (this.isReady) this.client.emitter.report(error);
  }

  #restartTimer(delayMs?: number): void {
    this.#timer?.();
    this.#timer = undefined;
    this.#watch(delayMs);
  }

  /** Sees to it that a hole is filled, if it does not fill by itself. */
  #watch(delayMs?: number): void {
    if (this.isEnded || this.#isFillingHole || this.#timer !== undefined || !this.hasHole) return;
    const { timers } = this.client;
    const grace = this.#mayReadLog
      ? Math.min(maxPauseMs, reorderGraceMs * 2 ** this.#fruitless)
      : withoutLogMs;
    const untilReplayed = this.#replayUntil - timers.now();
    this.#timer = timers.after(delayMs ?? Math.max(grace, untilReplayed), () => {
      this.#timer = undefined;
      if (this.#replayUntil > timers.now()) this.#watch();
      else void this.#fillHole();
    });
  }

  async #fillHole(): Promise<void> {
    const { position, known } = this.#feed;
    if (this.isEnded || position === undefined || !this.hasHole) return;
    this.#isFillingHole = true;
    this.#replayUntil = 0;
    try {
      if (!this.#mayReadLog) throw new PubSubError('not_recoverable');
      const missing = Math.max(known - position.sequence, 1);
      this.#take(position, await this.history(position, Math.min(missing, historyLimit)));
    } catch (error) {
      const { code } = error as PubSubError;
      if (code === 'forbidden') {
        this.#mayReadLog = false;
        for (const copy of this.#copies) this.#feed.offer(copy);
      }
      // Subscribing again tells why, and where the channel stands.
      if (code === 'not_recoverable') await this.subscribe();
    }
    this.#isFillingHole = false;
    this.#fruitless = this.#feed.position === position ? this.#fruitless + 1 : 0;
    this.pump();
  }

  #take(position: Position, { head, messages, gaps }: HistoryPage): void {
    const feed = this.#feed;
    if (head.epoch === position.epoch) feed.settle();
    else if (feed.position === position) {
      // The position was that of an empty log.
      const firsts = [
        ...gaps.map(({ from }) => from),
        ...messages.map(({ sequence = Infinity }) => sequence),
      ];
      feed.start({ epoch: head.epoch, sequence: Math.min(head.sequence + 1, ...firsts) - 1 });
    }
    this.#skip(gaps);
    this.#copies = [];
    for (const message of messages) if (isLogged(message)) feed.offer(message);
    feed.learnHead(head);
    this.pump();
  }

  #skip(gaps: readonly LogGap[]): void {
    const feed = this.#feed;
    for (const { from, to, reason } of gaps) {
      if (to <= (feed.position?.sequence ?? 0)) continue;
      this.lost(reason, { after: feed.position, from, to });
      feed.skip({ from, to });
    }
  }
}
