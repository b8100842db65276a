/**
 * The reorder buffer of one channel: whatever the wire does (repeats, swaps, holes, a new epoch), messages come out once
 * and in order. Knows no sockets and no time but the server's.
 */
import type { Position } from '../shared/cursor';
import type { Message } from '../shared/messages';
import { RecentIds } from './recent-ids';

/** A message of a log. */
export type LoggedMessage = Message & Position;

/** Sequences, both ends included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

interface Passed extends Range {
  /** Out already: it must not come again. */
  readonly isOut?: boolean;
}

/** A repeated (agent, id) is the same message when the service accepted both within this time. */
const repeatWindowMs = 120_000;
/** What lies further ahead than this is not kept: it is in the log, and is fetched when its turn comes. */
const windowLength = 1_000;

export class Feed {
  /** Everything up to here has come out; `undefined` until the service has said where the channel stands. */
  position: Position | undefined;
  /** The highest sequence that is known to exist in this epoch. */
  known = 0;
  /** By sequence: a message that waits for its turn, or one that counts as seen. */
  #waiting = new Map<number, LoggedMessage | 'seen'>();
  /** Passed over: what the log can't give, and what came out before the position was lowered. */
  #passed: Passed[] = [];
  /** Messages of an epoch that is not the position's, or from before there was a position. */
  #otherEpoch: LoggedMessage[] = [];
  #otherHead: Position | undefined;
  /** Below and including this, messages are news all the same. */
  #floor = 0;
  readonly #repeats = new RecentIds(repeatWindowMs);
  readonly #isOwn: (message: Message) => boolean;

  /** `isOwn`: a message that this client has sent and does not want to hear. */
  constructor(isOwn: (message: Message) => boolean = () => false) {
    this.#isOwn = isOwn;
  }

  /**
   * Begins after the position. `acceptsBacklog`: messages up to it are delivered if they come, as those of an inbox: pushed from
   * the log, or sent between the handshake and the WELCOME.
   */
  start(position: Position, { acceptsBacklog = false } = {}): void {
    this.#floor = acceptsBacklog ? position.sequence : 0;
    this.#moveTo(position);
  }

  offer(message: LoggedMessage): void {
    if (!this.#isOfThisEpoch(message)) {
      if (this.#otherEpoch.length < windowLength) this.#otherEpoch.push(message);
      return;
    }
    if (message.sequence <= this.#floor) this.#lowerTo(message.sequence - 1);
    this.#put(message.sequence, this.#isOwn(message) ? 'seen' : message);
  }

  /** The message at this position needs not come. */
  see(position: Position): void {
    if (this.#isOfThisEpoch(position)) this.#put(position.sequence, 'seen');
    else this.learnHead(position);
  }

  /** The channel reaches at least to here. */
  learnHead(head: Position): void {
    const { position } = this;
    if (position === undefined || position.epoch === head.epoch) this.#reachesTo(head.sequence);
    // A log that is still empty is known by the time of the last look at it.
    else if (position.sequence === 0 && head.sequence === 0) this.position = head;
    else this.#otherHead = head;
  }

  /** These can't be had any more: a range, as the service gives it. */
  skip(range: Range): void {
    this.#passed.push(range);
    this.#reachesTo(range.to);
  }

  /** The position can't be continued from. Goes on at the head, or before what is already here and comes earlier. */
  jump(head: Position): void {
    const held = [...this.#otherEpoch, ...this.#waiting.values()].filter(
      (message): message is LoggedMessage => message !== 'seen' && message.epoch === head.epoch,
    );
    const sequence = Math.min(head.sequence, ...held.map((message) => message.sequence - 1));
    this.#otherEpoch = held;
    if (this.position?.epoch !== head.epoch || this.position.sequence < sequence) {
      this.#waiting.clear();
      this.#passed = [];
      this.known = 0;
      this.position = { epoch: head.epoch, sequence };
    }
    this.#reachesTo(head.sequence);
    this.settle();
  }

  /** The epoch is still the log's: what came of another one was late. */
  settle(): void {
    const otherEpoch = this.#otherEpoch;
    const otherHead = this.#otherHead;
    this.#otherHead = undefined;
    this.#otherEpoch = [];
    if (otherHead?.epoch === this.position?.epoch) this.#reachesTo(otherHead?.sequence ?? 0);
    for (const message of otherEpoch) if (message.epoch === this.position?.epoch) this.offer(message);
  }

  /** The next message in order, if it is here. */
  next(): LoggedMessage | undefined {
    for (;;) {
      const { position } = this;
      if (!position) return undefined;
      const sequence = position.sequence + 1;
      const item = this.#waiting.get(sequence);
      if (item === undefined) {
        const range = this.#passedWith(sequence);
        if (range === undefined) return undefined;
        // What is lost to the log may be here all the same.
        const held = [...this.#waiting.keys()].filter((key) => key > sequence).map((key) => key - 1);
        this.position = { ...position, sequence: Math.min(range.to, ...held) };
        this.#passed = this.#passed.filter(({ to }) => to > sequence);
        continue;
      }
      this.#waiting.delete(sequence);
      this.position = { ...position, sequence };
      if (item === 'seen' || this.isRepeat(item)) continue;
      return item;
    }
  }

  /** Whether something is missing that only the log can give. Asked when `next` gives nothing. */
  get hasHole(): boolean {
    const { position, known } = this;
    const otherEpoch = this.#otherEpoch;
    const otherHead = this.#otherHead;
    if (!position) return false;
    return known > position.sequence || otherEpoch.length > 0 || otherHead !== undefined;
  }

  /** An ephemeral message, or one of a deployment without a log: only its id tells it apart. */
  isRepeat({ agentId, id, timestamp }: Message): boolean {
    return this.#repeats.note(JSON.stringify([agentId, id]), timestamp);
  }

  #put(sequence: number, item: LoggedMessage | 'seen'): void {
    const { position } = this;
    if (position === undefined || sequence <= position.sequence || this.#passedWith(sequence)?.isOut) return;
    this.#reachesTo(sequence);
    if (sequence > position.sequence + windowLength || this.#waiting.get(sequence) === 'seen') return;
    this.#waiting.set(sequence, item);
  }

  #isOfThisEpoch({ epoch, sequence }: Position): boolean {
    const { position } = this;
    // The first message of a log that was empty when we looked begins its epoch.
    if (position?.sequence === 0 && sequence === 1 && position.epoch !== epoch)
      this.#moveTo({ epoch, sequence: 0 });
    return this.position?.epoch === epoch;
  }

  #passedWith(sequence: number): Passed | undefined {
    return this.#passed.find(({ from, to }) => from <= sequence && sequence <= to);
  }

  #reachesTo(sequence: number): void {
    this.known = Math.max(this.known, sequence);
  }

  #moveTo(position: Position): void {
    this.position = position;
    this.#reachesTo(position.sequence);
    this.settle();
  }

  /** Older news: goes back, and passes over what has come out already. */
  #lowerTo(sequence: number): void {
    const { position } = this;
    if (!position) return;
    if (position.sequence > this.#floor)
      this.#passed.unshift({ from: this.#floor + 1, to: position.sequence, isOut: true });
    this.#floor = sequence;
    this.position = { ...position, sequence };
  }
}

export function isLogged(message: Message): message is LoggedMessage {
  return message.sequence !== undefined && message.epoch !== undefined;
}
