/**
 * What the service needs from its surroundings, and what each implementation must guarantee.
 * Every method may throw `Unavailable` (try again later); anything else that is thrown is a defect.
 */

import type { DeliveryOutcome } from './delivery-outcome';

/**
 * The store, the platform or the network did not answer in time or asked to slow down. Nothing can be said about the effect of
 * a write. Expected, so it has no stack: Lambda logs the stack of every error that a function throws.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.stack = `${this.name}: ${message}`;
  }
}

/** Starts other functions. */
export interface Invoker {
  /**
   * Hands the payload to the function and doesn't wait for it. One attempt; after `Unavailable` it may have been started
   * all the same.
   */
  start(functionName: string, payload: object): Promise<void>;
}

export interface RateUse {
  /** Milliseconds that the reported frames use up. */
  readonly usedMs: number;
  /** Epoch milliseconds: time before it counts as used up, whether it was or not. */
  readonly floor: number;
  /** Epoch milliseconds: a counter that is ahead of it was written by a wrong clock, and counts as rested. */
  readonly ceiling: number;
  /** Whether the caller thinks that the counter is behind the floor. A wrong guess costs a write, nothing else. */
  readonly isIdle: boolean;
}

/** How far agents and tenants have used up their time. `subject` is a key of `subjects.ts`. */
export interface RateCounter {
  /** Puts a counter that rests, or is ahead of the ceiling, to the floor, then raises it by the use, atomically. Gives the epoch milliseconds up to which time is used up. */
  add(subject: string, use: RateUse): Promise<number>;
  /** Up to when time is used up, epoch milliseconds; 0 without a counter. Eventually consistent. */
  usedUntil(subject: string): Promise<number>;
}

export interface ConnectionSender {
  /**
   * One attempt. `timeoutMs` bounds the wait for the answer; a sender that queues posts before it sends them bounds that wait
   * with `waitMs` (`timeoutMs` by default), and answers `failed` for what it never sent. Never throws.
   */
  post(connectionId: string, text: string, timeoutMs: number, waitMs?: number): Promise<DeliveryOutcome>;
  /** Whether the platform still knows the connection. Never throws. */
  status(connectionId: string): Promise<'open' | 'gone' | 'unknown'>;
}

/** Ends connections from our side. */
export interface ConnectionCloser {
  /** `closed` also for one that the platform does not know any more. One attempt. Never throws. */
  close(connectionId: string): Promise<'closed' | 'unknown'>;
}

/** Claims of a token whose signature, issuer and audience have been checked; its times have not. */
export type VerifiedClaims = Readonly<Record<string, unknown>>;

export type Verification =
  /** `keyId`: the header `kid`, which names the key that has signed. */
  | { readonly claims: VerifiedClaims; readonly keyId?: string | undefined }
  /** The check that failed, in a few words for the log. */
  | { readonly refusedFor: string };

export interface TokenVerifier {
  /** Throws only when the token couldn't be checked. */
  verify(unverifiedToken: string): Promise<Verification>;
}

export interface Clock {
  /** Epoch milliseconds: the time of day, for what is written down and compared between functions. */
  now(): number;
  /** Whole milliseconds since some moment. Never jumps, whatever happens to the time of day: for durations and deadlines. */
  monotonic(): number;
  sleep(ms: number): Promise<void>;
  /** 0 ≤ x < 1, for jitter. */
  random(): number;
}

/** The clock of an environment, which serves one event after another. */
export interface EventClock extends Clock {
  /** An event has come. From here on `now` goes on from the platform's time of it, if that is known (epoch milliseconds). */
  startEvent(at: number | undefined): void;
}

/** Whom a revocation is about: a whole tenant, an agent of it, or one token of that agent. */
export interface RevocationScope {
  readonly tenantId: string;
  readonly agentId?: string | undefined;
  /** The claim `jti`. Only together with an agent. */
  readonly tokenId?: string | undefined;
}

export interface Revocation {
  /** Epoch milliseconds: tokens issued until then are refused. */
  readonly issuedUpTo: number;
  /** Epoch milliseconds; absent = never. */
  readonly expiresAt: number | undefined;
}

/** What a token says of itself. */
export interface TokenIdentity {
  readonly tenantId: string;
  readonly agentId: string;
  readonly tokenId: string | undefined;
  /** Epoch milliseconds. */
  readonly tokenIssuedAt: number | undefined;
}

export interface RevocationStore {
  /** Whether a revocation of the tenant, the agent or the token refuses it. Eventually consistent. */
  isRevoked(token: TokenIdentity): Promise<boolean>;
  /** Replaces what was there for the same scope. */
  put(scope: RevocationScope, revocation: Revocation): Promise<void>;
  /** Idempotent. */
  remove(scope: RevocationScope): Promise<void>;
}

/** A token that does not say when it was issued may be as old as any. */
export function isRefusedBy(
  { issuedUpTo }: Pick<Revocation, 'issuedUpTo'>,
  tokenIssuedAt: number | undefined,
): boolean {
  return (tokenIssuedAt ?? 0) <= issuedUpTo;
}

/** Events for what lies outside of the bus. */
export type BusEventType =
  'agent.connected' | 'agent.disconnected' | 'message.stored' | 'message.published' | 'token.revoked';

export interface BusEvent {
  readonly type: BusEventType;
  /** A JSON object. */
  readonly detail: string;
}

export interface EventSink {
  /**
   * Hands the events over, within a second; once more what a throttle, a failure of the service or a lost connection kept back. Tells
   * for each whether it was taken for certain: one that was not may have been taken all the same, and one may be taken twice. Logs
   * those that were not. Never throws.
   */
  send(events: readonly BusEvent[]): Promise<readonly boolean[]>;
}

/** Fresh, unguessable ids. */
export type NewId = () => string;

export type LogFields = Readonly<
  Record<string, string | number | boolean | readonly string[] | readonly number[] | undefined>
>;

/** Never given a token, a query string or content. */
export interface Logger {
  info(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}
