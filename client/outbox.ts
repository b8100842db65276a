/**
 * Messages on their way out: one text message in flight at a time, everything else gathered behind it, so that order is
 * kept and a burst costs a few texts. What is not acknowledged stays and is sent again with the same id.
 */
import { backoffMs } from './backoff';
import type { Position } from './cursor';
import { type Deferred, deferred } from './deferred';
import { type ErrorCode, isPassing, PubSubError, wantsToken } from './errors';
import { type Frame, numeric, text } from './messages';
import { asOutgoing, type Outgoing, textOf } from './outgoing';
import type { Cancel, Timers } from './timers';
import { batchFrames, frameBytes } from './wire-limits';

/** What the service says about a message that it has accepted. */
export interface Receipt {
  readonly id: string;
  /** The message's place in its channel; absent when it is ephemeral. */
  readonly sequence: number | undefined;
  readonly epoch: string | undefined;
  /** When it was accepted, in epoch milliseconds. */
  readonly timestamp: number;
  /**
   * `accepted`; `stored` when no connection of the receiving agent was there, so that the message waits in its inbox;
   * `duplicate` when an earlier try had succeeded.
   */
  readonly status: 'accepted' | 'stored' | 'duplicate';
}

export interface OutboxOptions {
  /** Messages that may wait for their acknowledgement. Default 10,000. */
  readonly maxMessages?: number;
  /** Bytes of them. Default 16 MB. */
  readonly maxBytes?: number;
}

export interface OutboxPort {
  readonly timers: Timers;
  readonly options: OutboxOptions;
  /** The token of this connection is not good any more: nothing is sent before there is another one. */
  renew(): void;
  /** No answer for long: the connection may be dead. */
  readonly doubt: () => void;
}

interface Entry extends Outgoing, Deferred<Receipt> {
  readonly id: string;
  /** Called as soon as the position is known, before the promise's own listeners. */
  readonly acknowledged: (position: Position) => void;
  /** Of a request: how long its asker waits. */
  readonly timeoutMs: number | undefined;
  readonly addedAt: number;
  /** Ends the waiting for it. */
  readonly patience: Cancel;
  firstSentAt: number | undefined;
  tries: number;
}

export type Send = (text: string) => boolean;

/** The brackets of an array. */
const envelopeBytes = 2;
/** The service answers within 5 s. */
const answerMs = 10_000;
/** The service finds the first copy of a message for ten minutes; after this nothing is sent again, nor waited for. */
const patienceMs = 9 * 60_000;
const internalTries = 5;
const retryBackoff = { baseMs: 500, capMs: 10_000 };

export class Outbox {
  /** By id, in the order of publishing; the first of them are in flight. */
  private readonly queued = new Map<string, Entry>();
  private bytes = 0;
  /** Ids of the text message that has no full answer yet. */
  private readonly flight = new Set<string>();
  /** So many texts are of one message, after a batch that was refused as a whole. */
  private singles = 0;
  private send: Send | undefined;
  private failures = 0;
  private pause: Cancel | undefined;
  private pauseUntil = 0;
  private patience: Cancel | undefined;
  private landed: (() => void) | undefined;

  constructor(private readonly port: OutboxPort) {}

  get length(): number {
    return this.queued.size;
  }

  /** Rejects at once what can't be sent or held. */
  async add(frame: Frame, acknowledged: (position: Position) => void, timeoutMs?: number): Promise<Receipt> {
    const outgoing = asOutgoing(frame, timeoutMs);
    const { timers, options } = this.port;
    const { maxMessages = 10_000, maxBytes = 16_777_216 } = options;
    if (this.queued.size >= maxMessages || this.bytes + outgoing.bytes > maxBytes)
      throw new PubSubError('queue_full');
    const id = String(frame.id);
    if (this.queued.has(id)) throw new PubSubError('invalid_message', `"${id}" is on its way already`);
    const receipt = deferred<Receipt>();
    this.queued.set(id, {
      ...outgoing,
      ...receipt,
      id,
      acknowledged,
      timeoutMs,
      addedAt: timers.now(),
      patience: timers.after(patienceMs, () => {
        this.giveUp(id);
      }),
      firstSentAt: undefined,
      tries: 0,
    });
    this.bytes += outgoing.bytes;
    this.pump();
    return receipt.promise;
  }

  /** Settles when nothing waits any more. */
  async drained(): Promise<void> {
    while (this.length > 0) await Promise.allSettled([...this.queued.values()].map(({ promise }) => promise));
  }

  /** The asker has given up. What is in flight may be sent once more: the service then sees that its time is over. */
  forget(id: string): void {
    if (!this.flight.has(id)) this.giveUp(id);
  }

  /** From now on through this connection. What is in flight elsewhere is waited for first, for a while. */
  attach(send: Send): Promise<void> {
    return new Promise((resolve) => {
      const take = (): void => {
        this.landed = undefined;
        this.send = send;
        resolve();
        this.pump();
      };
      this.send = undefined;
      if (this.flight.size === 0) take();
      else this.landed = take;
    });
  }

  /** The connection is gone, and with it every answer to what was in flight. */
  detach(): void {
    if (this.landed === undefined) this.send = undefined;
    this.land();
  }

  /** The connection that is being left is gone: nothing more is to be waited for. */
  abandon(): void {
    if (this.landed !== undefined) this.land();
  }

  acknowledge(frame: Frame): void {
    const entry = this.find(frame.message_id);
    if (entry === undefined) return;
    const sequence = numeric(frame.sequence);
    const epoch = text(frame.epoch);
    if (sequence !== undefined && epoch !== undefined) entry.acknowledged({ epoch, sequence });
    this.failures = 0;
    this.remove(entry);
    const status = frame.status as Receipt['status'];
    entry.resolve({ id: entry.id, sequence, epoch, timestamp: Date.parse(String(frame.timestamp)), status });
    this.answered(entry);
  }

  refuse(frame: Frame): void {
    const code = String(frame.code);
    const retryAfterMs = numeric(frame.retry_after_ms);
    if (frame.message_id === undefined) this.refuseAll(code, retryAfterMs);
    const entry = this.find(frame.message_id);
    if (entry === undefined) return;
    if (wantsToken(code)) {
      this.send = undefined;
      this.port.renew();
    } else if (!isPassing(code) || (code === 'internal' && entry.tries >= internalTries)) {
      this.remove(entry);
      entry.reject(new PubSubError(code, text(frame.error), { retryAfterMs }));
    } else {
      // It was not looked at, so the next try is the first one.
      if (code === 'rate_limited' && entry.tries === 1) entry.firstSentAt = undefined;
      this.rest(retryAfterMs);
    }
    this.answered(entry);
  }

  /** Something of what is in flight failed on the service's side, and it can't be told what. */
  failed(): void {
    if (this.flight.size > 0) this.refuseAll('unavailable', undefined);
  }

  end(error: PubSubError): void {
    this.pause?.();
    this.patience?.();
    this.send = undefined;
    this.flight.clear();
    for (const entry of this.queued.values()) {
      this.remove(entry);
      entry.reject(error);
    }
    this.landed?.();
  }

  /** The whole text message was refused, none of its frames looked at. Alone, each gets an answer of its own. */
  private refuseAll(code: ErrorCode, retryAfterMs: number | undefined): void {
    const [id, ...others] = this.flight;
    const entry = this.find(id);
    if (isPassing(code)) this.rest(retryAfterMs);
    else if (others.length > 0) this.singles = others.length + 1;
    else if (entry !== undefined) {
      this.remove(entry);
      entry.reject(new PubSubError(code));
    }
    this.land();
  }

  private answered(entry: Entry): void {
    this.flight.delete(entry.id);
    if (this.flight.size === 0) this.land();
  }

  /** Nothing is in flight any more: what was not acknowledged is next again. */
  private land(): void {
    this.patience?.();
    this.flight.clear();
    this.landed?.();
    this.pump();
  }

  private rest(retryAfterMs: number | undefined): void {
    const { timers } = this.port;
    // Several messages of one text may be refused: one failure, and the longest rest of them.
    if (this.pause === undefined) this.failures += 1;
    const delayMs = retryAfterMs ?? backoffMs(this.failures, timers, retryBackoff);
    const until = timers.now() + delayMs;
    if (this.pause !== undefined && until <= this.pauseUntil) return;
    this.pause?.();
    this.pauseUntil = until;
    this.pause = timers.after(delayMs, () => {
      this.pause = undefined;
      this.pump();
    });
  }

  private pump(): void {
    if (this.send === undefined || this.flight.size > 0 || this.pause !== undefined) return;
    const { timers, doubt } = this.port;
    const batch = this.nextBatch();
    if (batch.length === 0) return;
    const texts = batch.map((entry) =>
      textOf(entry, entry.firstSentAt !== undefined, entry.timeoutMs, timers.now() - entry.addedAt),
    );
    for (const entry of batch) {
      entry.firstSentAt ??= timers.now();
      entry.tries += 1;
      this.flight.add(entry.id);
    }
    this.patience = timers.after(answerMs, () => {
      doubt();
      this.land();
    });
    if (!this.send(texts.length === 1 ? texts.join() : `[${texts.join()}]`)) this.detach();
  }

  private nextBatch(): Entry[] {
    const now = this.port.timers.now();
    const batch: Entry[] = [];
    const most = this.singles > 0 ? 1 : batchFrames;
    this.singles = Math.max(0, this.singles - 1);
    let bytes = envelopeBytes;
    for (const entry of this.queued.values()) {
      // After a sleep, a repeat could not be told from a new message any more.
      if (now - (entry.firstSentAt ?? now) > patienceMs) {
        this.giveUp(entry.id);
        continue;
      }
      bytes += entry.bytes + 1;
      const isTooLarge = batch.length > 0 && bytes > frameBytes;
      if (batch.length === most || isTooLarge) break;
      batch.push(entry);
    }
    return batch;
  }

  private giveUp(id: string): void {
    const entry = this.find(id);
    if (entry === undefined) return;
    this.remove(entry);
    const code = entry.firstSentAt === undefined ? 'timeout' : 'unconfirmed';
    entry.reject(new PubSubError(code, `Not acknowledged in ${patienceMs} ms`));
    if (this.flight.has(id)) this.answered(entry);
  }

  private find(id: unknown): Entry | undefined {
    return this.queued.get(text(id) ?? '');
  }

  private remove(entry: Entry): void {
    entry.patience();
    this.queued.delete(entry.id);
    this.bytes -= entry.bytes;
  }
}
