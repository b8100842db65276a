/**
 * Messages on their way out: one text message in flight at a time, everything else gathered behind it, so that order is
 * kept and a burst costs a few texts. What is not acknowledged stays and is sent again with the same id.
 */
import { backoffMs } from '../shared/backoff';
import { type Deferred, deferred } from '../shared/deferred';
import { type ErrorCode, isPassing, PubSubError, wantsToken } from '../shared/errors';
import { type Frame, numeric, text } from '../shared/messages';
import { asOutgoing, batchOf, type Outgoing, textOf } from './outgoing';
import type { Cancel, Timers } from '../shared/timers';

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
  /** `false` when the receiving agent has never connected, or not for a long time: its id may be misspelt. */
  readonly known: boolean;
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

/** Called before the promise's own listeners; `json` is the frame as it was sent. */
export type Acknowledged = (receipt: Receipt, json: string) => void;

interface Entry extends Outgoing, Deferred<Receipt> {
  readonly id: string;
  readonly acknowledged: Acknowledged;
  /** By what passes here, and by the clock of the machine. */
  readonly addedAt: number;
  readonly addedOn: number;
  /** Ends the waiting for it. */
  readonly patience: Cancel;
  /** Those that the service may have looked at. */
  tries: number;
  /** Its text failed as a whole: it is not to fail others any more. */
  isSingle?: boolean;
}

/** A connection. */
export interface Carrier {
  /** Whether the text is on its way. */
  send(text: string): boolean;
}

/** The service answers within 5 s. */
const answerMs = 10_000;
/** The service finds the first copy of a message for ten minutes; after this nothing is sent again, nor waited for. */
const patienceMs = 9 * 60_000;
const internalTries = 5;
const retryBackoff = { baseMs: 500, capMs: 10_000 };

export class Outbox {
  /** By id, for each place in the order of publishing. */
  readonly #queued = new Map<string, Entry>();
  #bytes = 0;
  /** What has no answer yet of the text message that was sent, and where it was sent. */
  readonly #flight = new Set<Entry>();
  #carrier: Carrier | undefined;
  /** Where the next one is sent. */
  #next: Carrier | undefined;
  #failures = 0;
  #pause: Cancel | undefined;
  #pauseUntil = 0;
  #patience: Cancel | undefined;
  readonly #port: OutboxPort;

  constructor(port: OutboxPort) {
    this.#port = port;
  }

  get length(): number {
    return this.#queued.size;
  }

  /** Rejects at once what can't be sent or held. */
  async add(frame: Frame, acknowledged: Acknowledged, timeoutMs?: number): Promise<Receipt> {
    const outgoing = asOutgoing(frame, timeoutMs);
    const { timers, options } = this.#port;
    const { maxMessages = 10_000, maxBytes = 16_777_216 } = options;
    if (this.length >= maxMessages || this.#bytes + outgoing.bytes > maxBytes)
      throw new PubSubError('queue_full');
    const id = String(frame.id);
    if (this.#queued.has(id)) throw new PubSubError('invalid_message', `"${id}" is on its way already`);
    const entry: Entry = {
      ...outgoing,
      ...deferred<Receipt>(),
      id,
      acknowledged,
      addedAt: timers.now(),
      addedOn: timers.date(),
      patience: timers.after(patienceMs, () => {
        this.#giveUp(entry);
      }),
      tries: 0,
    };
    this.#queued.set(id, entry);
    this.#bytes += outgoing.bytes;
    this.#pump();
    return entry.promise;
  }

  /** Settles when nothing waits any more. */
  async drained(): Promise<void> {
    while (this.length > 0)
      await Promise.allSettled([...this.#queued.values()].map(({ promise }) => promise));
  }

  /** The asker has given up. What is in flight may be sent once more: the service then sees that its time is over. */
  forget(id: string): void {
    const entry = this.#queued.get(id);
    if (entry && !this.#flight.has(entry)) this.#giveUp(entry);
  }

  /** From now on through this connection. What is in flight elsewhere is waited for first, for a while. */
  attach(carrier: Carrier): void {
    this.#next = carrier;
    this.#pump();
  }

  /** Whether something is in flight there. */
  uses(carrier: Carrier): boolean {
    return this.#carrier === carrier;
  }

  /** The connection is gone, and with it every answer to what was in flight there. */
  detach(carrier: Carrier): void {
    if (this.#next === carrier) this.#next = undefined;
    if (this.uses(carrier)) this.#land();
  }

  acknowledge(frame: Frame): void {
    const entry = this.#queued.get(frame.message_id as string);
    if (!entry) return;
    const receipt: Receipt = {
      id: entry.id,
      sequence: numeric(frame.sequence),
      epoch: text(frame.epoch),
      timestamp: Date.parse(frame.timestamp as string),
      status: frame.status as Receipt['status'],
      known: frame.known !== false,
    };
    this.#failures = 0;
    entry.resolve(receipt);
    this.#remove(entry);
    entry.acknowledged(receipt, entry.json);
  }

  refuse(frame: Frame): void {
    const code = String(frame.code);
    const retryAfterMs = numeric(frame.retry_after_ms);
    if (frame.message_id === undefined) this.#refuseAll(code, retryAfterMs);
    const entry = this.#queued.get(frame.message_id as string);
    if (!entry) return;
    const isTransient = isPassing(code) && !(code === 'internal' && entry.tries >= internalTries);
    if (wantsToken(code)) {
      this.#next = undefined;
      this.#port.renew();
    } else if (isTransient) {
      // It was not looked at, so the next try is the first one.
      if (code === 'rate_limited' && entry.tries === 1) entry.tries = 0;
      this.#rest(retryAfterMs);
      this.#postpone(entry);
    } else this.#reject(entry, new PubSubError(code, text(frame.error), { retryAfterMs }));
    this.#answered(entry);
  }

  /** Something of what is in flight failed on the service's side, and it can't be told what. */
  failed(): void {
    if (this.#flight.size > 0) this.#refuseAll('unavailable', undefined);
  }

  end(error: PubSubError): void {
    this.#pause?.();
    this.#next = undefined;
    this.#land();
    for (const entry of this.#queued.values()) this.#reject(entry, error);
  }

  /** The whole text message was refused, none of its frames looked at. Alone, each gets an answer of its own. */
  #refuseAll(code: ErrorCode, retryAfterMs: number | undefined): void {
    const isTransient = isPassing(code);
    const [entry] = this.#flight;
    if (isTransient) this.#rest(retryAfterMs);
    // Such a limit is not one of this text.
    if (code === 'rate_limited') this.#land();
    else if (entry && !isTransient && this.#flight.size === 1) this.#reject(entry, new PubSubError(code));
    else this.#failed(isTransient ? 2 : 1);
  }

  /** The whole text, and one message may be why: from this number of tries on each goes alone, and then behind others. */
  #failed(tries: number): void {
    const flight = this.#flight;
    for (const entry of flight)
      if (entry.tries >= tries) {
        entry.isSingle = true;
        if (flight.size === 1) this.#postpone(entry);
      }
    this.#land();
  }

  /** Behind all that goes to other places. */
  #postpone({ place }: Entry): void {
    for (const [id, entry] of [...this.#queued])
      if (entry.place === place) {
        this.#queued.delete(id);
        this.#queued.set(id, entry);
      }
  }

  #answered(entry: Entry): void {
    if (this.#flight.delete(entry) && this.#flight.size === 0) this.#land();
  }

  /** Nothing is in flight any more: what was not acknowledged is next again. */
  #land(): void {
    this.#patience?.();
    this.#flight.clear();
    this.#carrier = undefined;
    this.#pump();
  }

  #rest(retryAfterMs: number | undefined): void {
    const { timers } = this.#port;
    // Several messages of one text may be refused: one failure, and the longest rest of them.
    if (this.#pauseUntil === 0) this.#failures += 1;
    const delayMs = retryAfterMs ?? backoffMs(this.#failures, timers, retryBackoff);
    const until = timers.now() + delayMs;
    if (until <= this.#pauseUntil) return;
    this.#pauseUntil = until;
    this.#pause?.();
    this.#pause = timers.after(delayMs, () => {
      this.#pauseUntil = 0;
      this.#pump();
    });
  }

  #pump(): void {
    const next = this.#next;
    const port = this.#port;
    if (next === undefined || this.#flight.size > 0 || this.#pauseUntil > 0) return;
    const oldest = port.timers.date() - patienceMs;
    for (const entry of this.#queued.values())
      // After a sleep, a repeat could not be told from a new message any more.
      if (entry.tries > 0 && entry.addedOn < oldest) this.#giveUp(entry);
    const batch = batchOf(this.#queued.values());
    if (batch.length === 0) return;
    const now = port.timers.now();
    const texts = batch.map((entry) => textOf(entry, entry.tries > 0, now - entry.addedAt));
    for (const entry of batch) {
      entry.tries += 1;
      this.#flight.add(entry);
    }
    this.#carrier = next;
    this.#patience = port.timers.after(answerMs, () => {
      port.doubt();
      this.#failed(2);
    });
    if (!next.send(texts.length === 1 ? texts.join() : `[${texts.join()}]`)) this.detach(next);
  }

  #giveUp(entry: Entry): void {
    const code = entry.tries > 0 ? 'unconfirmed' : 'timeout';
    this.#reject(entry, new PubSubError(code, `Not acknowledged in ${patienceMs} ms`));
  }

  #reject(entry: Entry, error: PubSubError): void {
    entry.reject(error);
    this.#remove(entry);
  }

  #remove(entry: Entry): void {
    entry.patience();
    this.#queued.delete(entry.id);
    this.#bytes -= entry.bytes;
    this.#answered(entry);
  }
}
