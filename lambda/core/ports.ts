/**
 * What the core needs from the world, and the duties of whoever provides it.
 * Every method may throw `Unavailable` (try again later); anything else that is thrown is a defect.
 */
import type { DeliveryOutcome } from './delivery';

/** The store, the platform or the network did not answer in time or asked to slow down. Nothing can be said about the effect of a write. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** One open socket. Times are epoch milliseconds. */
export interface Connection {
  readonly connectionId: string;
  readonly tenantId: string;
  readonly agentId: string;
  /** Every channel that the connection has a subscription row for; may name some that are gone. */
  readonly channels: readonly string[];
  readonly level: number;
  readonly connectedAt: number;
  /** When the connection stops receiving: the token's expiry or the platform's two-hour limit. */
  readonly expiresAt: number;
}

export interface Subscription {
  readonly connectionId: string;
  readonly agentId: string;
  readonly level: number;
  /** Whether the connection hears its own messages. */
  readonly echo: boolean;
  /** Epoch milliseconds; a receiver past it is skipped. */
  readonly expiresAt: number;
}

export interface ConnectionStore {
  /** Writes the connection's own row. */
  putConnection(connection: Connection): Promise<void>;
  /** Strongly consistent. Ids without a row are missing from the answer; order is not kept. */
  getConnections(connectionIds: readonly string[]): Promise<Connection[]>;
  /** Idempotent. */
  removeConnection(connectionId: string): Promise<void>;
  putSubscription(tenantId: string, channelId: string, subscription: Subscription): Promise<void>;
  /** Idempotent. */
  removeSubscription(tenantId: string, channelId: string, connectionId: string): Promise<void>;
  /** All pages, as they come. With `consistent`, whoever had subscribed before the call is among them. Expired rows may be too. */
  subscribers(
    tenantId: string,
    channelId: string,
    consistent: boolean,
  ): AsyncIterable<readonly Subscription[]>;
}

export type AddOutcome = 'added' | 'present' | 'full';

/** One item per agent: the set of its live connections. Changes are atomic, and the version rises with each real change only. */
export interface AgentStore {
  /** Adds the connection and turns the agent online, unless it has `limit` others already. Idempotent. */
  addConnection(tenantId: string, agentId: string, connectionId: string, limit: number): Promise<AddOutcome>;
  /** Removes the connection; the agent turns offline with its last one, and only then. Idempotent. Tells whether the set changed. */
  removeConnection(tenantId: string, agentId: string, connectionId: string): Promise<boolean>;
  /** Strongly consistent. Empty for an agent that is offline or was never seen. */
  connectionIds(tenantId: string, agentId: string): Promise<readonly string[]>;
}

/** A row of a log without what the message says. */
export interface LogEntry {
  /** From 1; 0 is kept free for an item about the log itself. */
  readonly sequence: number;
  readonly epoch: string;
  /** Tells whose put it was. */
  readonly nonce: string;
  readonly id: string;
  readonly agentId: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  /** Epoch milliseconds; a row past it counts as absent even while it can still be read. */
  readonly expiresAt: number;
}

/** A row of a log: an accepted message. */
export interface LogRow extends LogEntry {
  /** Type, content, metadata and the user's other fields, as JSON text. */
  readonly body: string;
}

export type PutOutcome = 'written' | 'exists' | 'unclear';

/** The log of a channel or an inbox. `subject` is a key of `subjects.ts`. Reads are strongly consistent and give expired rows too. */
export interface HistoryStore {
  /** The row with the highest sequence. */
  head(subject: string): Promise<LogEntry | undefined>;
  get(subject: string, sequence: number): Promise<LogRow | undefined>;
  /**
   * Writes the row if its sequence is free. Never retried inside: `unclear` means that the write may or may not have
   * happened, or may still happen.
   */
  tryPut(subject: string, row: LogRow): Promise<PutOutcome>;
  /** Pages from the newest row to older ones. */
  newestFirst(subject: string): AsyncIterable<readonly LogEntry[]>;
}

export interface RateUse {
  /** Milliseconds that the reported frames use up. */
  readonly usedMs: number;
  /** Epoch milliseconds: time before it counts as used up, whether it was or not. */
  readonly floor: number;
  /** Whether the caller thinks that the counter is behind the floor. A wrong guess costs a write, nothing else. */
  readonly isRested: boolean;
}

/** How far agents and tenants have used up their time. `subject` is a key of `subjects.ts`. */
export interface RateCounter {
  /** Raises the counter to the floor, then by the use, atomically. Gives the epoch milliseconds up to which time is used up. */
  add(subject: string, use: RateUse): Promise<number>;
}

export interface ConnectionSender {
  /** One attempt, given up after `timeoutMs`. Never throws. */
  post(connectionId: string, text: string, timeoutMs: number): Promise<DeliveryOutcome>;
  /** Whether the platform still knows the connection. Never throws. */
  status(connectionId: string): Promise<'open' | 'gone' | 'unknown'>;
}

/** Claims of a token whose signature, issuer, audience and times have been checked. */
export type VerifiedClaims = Readonly<Record<string, unknown>>;

export interface TokenVerifier {
  /** The claims, or `undefined` for a token that must be refused. Throws only when it couldn't be checked. */
  verify(unverifiedToken: string): Promise<VerifiedClaims | undefined>;
}

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** 0 ≤ x < 1, for jitter. */
  random(): number;
}

/** Fresh, unguessable ids. */
export type NewId = () => string;

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Never given a token, a query string or content. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}
