/**
 * One channel (or the inbox) as this client follows it: the feed that puts messages in order, the readers that get them,
 * the log that fills holes, and the cursor that remembers.
 */
import type { Position } from './cursor';
import { PubSubError } from './errors';
import { Feed, type Range } from './feed';
import type { Message } from './messages';
import { type ChannelState, type HistoryPage, type LogGap, type ReplayEnd, requestExpired } from './replies';
import type { Handler, Reader, ReaderOptions } from './reader';
import { isLogged, Readers, type ReadersPort } from './readers';
import type { Cancel } from './timers';

/** What a stream needs of the rest of the client. */
export interface StreamPort extends ReadersPort {
  isOwn(message: Message): boolean;
  subscribe(channelId: string, since: Position | undefined): Promise<ChannelState>;
}

/** Frames on API Gateway may overtake each other by this much. */
const reorderGraceMs = 250;
/** Between two messages of a replay. */
const replayPatienceMs = 5_000;
/** Without the grant to read the log, nothing else can come than what is on its way. */
const withoutLogMs = 5_000;
const longestPauseMs = 30_000;
const historyLimit = 1_000;

export class Stream {
  readonly feed: Feed;
  /** Where the cursor says that the reader stands; from before there was a connection. */
  since: Position | undefined;
  /** The cursor had a position and could not read it. */
  isPositionLost = false;
  private readonly readers: Readers;
  private mayReadLog = true;
  private isEnded = false;
  private isMending = false;
  private fruitless = 0;
  private replayUntil = 0;
  private timer: Cancel | undefined;

  constructor(
    readonly channelId: string,
    private readonly port: StreamPort,
    private readonly isInbox: boolean,
  ) {
    this.feed = new Feed((message) => port.isOwn(message));
    const drained = (): void => {
      this.pump();
    };
    const lost = (range: Range, reason: string): void => {
      this.lost(reason, undefined, undefined, range);
    };
    this.readers = new Readers(channelId, port, { drained, lost }, isInbox);
  }

  /** Everything up to here is handled; `undefined` while that is not known. */
  get handled(): Position | undefined {
    return this.readers.handled ?? this.since;
  }

  /** What to say in `hello`, `subscribe` and `ping`. */
  get position(): Position | undefined {
    return this.feed.position ?? this.since;
  }

  get hasHole(): boolean {
    return this.feed.hasHole && !this.readers.isFull;
  }

  get hasReaders(): boolean {
    return !this.readers.isEmpty;
  }

  addReader(handler?: Handler, options?: ReaderOptions): Reader {
    return this.readers.add(handler, options);
  }

  removeReader(reader: Reader): void {
    this.readers.remove(reader);
  }

  /** Settles when the cursor has saved what is handled. */
  end(error?: PubSubError): Promise<void> {
    this.isEnded = true;
    this.timer?.();
    return this.readers.end(error);
  }

  offer(message: Message): void {
    if (isLogged(message)) {
      if (message.replayed && this.replayUntil > 0)
        this.replayUntil = this.port.timers.now() + replayPatienceMs;
      this.feed.offer(message);
      this.pump();
    } else if (!this.port.isOwn(message) && !this.feed.isRepeat(message)) {
      this.readers.deliverEphemeral(message);
    }
  }

  /** An acknowledged message of our own that we do not want to hear. */
  seen(position: Position): void {
    this.feed.see(position);
    this.pump();
  }

  learnHead(head: Position): void {
    this.feed.learnHead(head);
    this.pump();
  }

  /** The answer to `hello` or `subscribe`; `since` is what was asked. */
  standing({ head, recovered, reason, from }: ChannelState, since: Position | undefined): void {
    if (head === undefined) return;
    const { feed } = this;
    const isFirst = feed.position === undefined;
    this.mayReadLog = reason !== 'forbidden';
    if (isFirst && this.isPositionLost) this.lost('position_lost', undefined, head);
    if (recovered === false) this.lost(reason ?? 'expired', since, head);
    // The inbox is replayed from there, so what gets lost of the replay is a hole.
    const start = from === undefined ? head : { ...head, sequence: from };
    const isRecovered = recovered === true && since !== undefined;
    if (isFirst) feed.start(isRecovered ? since : start, { takesOlder: this.isInbox && !isRecovered });
    else if (recovered === false) feed.jump(start);
    if (recovered !== false || from !== undefined) feed.learnHead(head);
    const isReplaying = isRecovered
      ? since.sequence !== head.sequence
      : isFirst && start.sequence < head.sequence;
    this.replayUntil = isReplaying ? this.port.timers.now() + replayPatienceMs : 0;
    this.fruitless = 0;
    this.restartTimer();
    this.pump();
  }

  replayed({ complete, gaps }: ReplayEnd): void {
    this.replayUntil = 0;
    this.skip(gaps);
    this.pump();
    this.restartTimer(complete ? undefined : 0);
  }

  private pump(): void {
    while (!this.isEnded && !this.readers.isFull) {
      const message = this.feed.next();
      if (message === undefined) break;
      this.readers.deliver(message);
    }
    const { position } = this.feed;
    if (position !== undefined) this.readers.reached(position);
    this.watch();
  }

  private restartTimer(delayMs?: number): void {
    this.timer?.();
    this.timer = undefined;
    this.watch(delayMs);
  }

  /** Sees to it that a hole is filled, if it does not fill by itself. */
  private watch(delayMs?: number): void {
    if (this.isEnded || this.isMending || this.timer !== undefined || !this.hasHole) return;
    const { timers } = this.port;
    const grace = this.mayReadLog
      ? Math.min(longestPauseMs, reorderGraceMs * 2 ** this.fruitless)
      : withoutLogMs;
    const untilReplayed = this.replayUntil - timers.now();
    this.timer = timers.after(delayMs ?? Math.max(grace, untilReplayed), () => {
      this.timer = undefined;
      if (this.replayUntil > timers.now()) this.watch();
      else void this.mend();
    });
  }

  private async mend(): Promise<void> {
    const { position, known } = this.feed;
    if (this.isEnded || position === undefined || !this.hasHole) return;
    this.isMending = true;
    this.replayUntil = 0;
    try {
      if (!this.mayReadLog) throw new PubSubError('not_recoverable');
      const missing = Math.max(known - position.sequence, 1);
      this.take(position, await this.port.history(this.channelId, position, Math.min(missing, historyLimit)));
    } catch (error) {
      await this.recover(position, error);
    }
    this.isMending = false;
    this.fruitless = this.feed.position === position ? this.fruitless + 1 : 0;
    this.pump();
  }

  private take(position: Position, { head, messages, gaps }: HistoryPage): void {
    const { feed } = this;
    if (head.epoch === position.epoch) feed.settle();
    else if (feed.position === position) {
      // The position was that of an empty log.
      const firsts = [
        ...gaps.map(({ from }) => from),
        ...messages.map(({ sequence }) => sequence ?? Infinity),
      ];
      feed.start({ epoch: head.epoch, sequence: Math.min(head.sequence + 1, ...firsts) - 1 });
    }
    this.skip(gaps);
    for (const message of messages) if (isLogged(message)) feed.offer(message);
    feed.learnHead(head);
    this.fruitless = 0;
    this.pump();
  }

  private async recover(position: Position, error: unknown): Promise<void> {
    const code = error instanceof PubSubError ? error.code : undefined;
    if (code === 'forbidden') this.mayReadLog = false;
    if (code !== 'not_recoverable') return;
    try {
      // Subscribing again tells why, and where the channel stands.
      this.standing(await this.port.subscribe(this.channelId, position), position);
    } catch {
      // The next try begins with the log again.
    }
  }

  private skip(gaps: readonly LogGap[]): void {
    for (const { from, to, reason } of gaps) {
      if (to <= (this.feed.position?.sequence ?? 0)) continue;
      this.lost(reason, this.feed.position, undefined, { from, to });
      this.feed.skip({ from, to });
    }
  }

  private lost(reason: string, after: Position | undefined, head: Position | undefined, range?: Range): void {
    const hasAll = after !== undefined && after.epoch === head?.epoch && after.sequence >= head.sequence;
    if (hasAll || reason === requestExpired) return;
    this.port.emitter.emit('gap', {
      channelId: this.channelId,
      reason,
      from: range?.from,
      to: range?.to,
      after,
      head,
    });
  }
}
