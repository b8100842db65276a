/**
 * What the core needs from the world, and the duties of whoever provides it.
 * Every method may throw `Unavailable` (try again later); anything else that is thrown is a defect.
 */
import type { AgentPresence, OwnPresence, Position } from '../../protocol/index';
import type { DeliveryOutcome } from './delivery';

/**
 * The store, the platform or the network did not answer in time or asked to slow down. Nothing can be said about the effect of
 * a write. Expected, so it has no stack: Lambda writes the stack of whatever leaves a function into the log.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.stack = `${this.name}: ${message}`;
  }
}

/** One open socket. Times are epoch milliseconds. */
export interface Connection {
  readonly connectionId: string;
  readonly tenantId: string;
  readonly agentId: string;
  /** Every channel that the connection has a subscription row for; may name some that are gone. */
  readonly channels: readonly string[];
  readonly level: number;
  /** Whether it hears its own messages. */
  readonly echo: boolean;
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

/** `unknown`: the connection has no row, and none is made; `full`: it would have more channels than the limit. */
export type ChannelsOutcome =
  | {
      readonly outcome: 'added';
      /** All channels of the connection's own row. */
      readonly channels: readonly string[];
    }
  | { readonly outcome: 'full' | 'unknown' };

export interface ConnectionStore {
  /** Writes the connection's own row. */
  putConnection(connection: Connection): Promise<void>;
  /** Strongly consistent. Ids without a row are missing from the answer; order is not kept. */
  getConnections(connectionIds: readonly string[]): Promise<Connection[]>;
  /** Adds channels to the connection's own row, all or none of them; without any it only reads the row. Idempotent. */
  addChannels(connectionId: string, channelIds: readonly string[], limit: number): Promise<ChannelsOutcome>;
  /** Takes a channel out of the connection's own row, if there is one. Idempotent. */
  removeChannel(connectionId: string, channelId: string): Promise<void>;
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
  /** Strongly consistent. One whose rows are all expired may still count. */
  hasSubscribers(tenantId: string, channelId: string): Promise<boolean>;
}

export type AddOutcome = 'added' | 'present' | 'full';

/** The inbox mark: somewhere from here on, the agent has missed messages of its inbox. */
export interface InboxMark {
  /** Sequence of the oldest message that no connection took. */
  readonly from: number;
  /** Rises whenever a missed message is noted, also when `from` stays. */
  readonly count: number;
}

export interface AddResult {
  readonly outcome: AddOutcome;
  /** As it is with the connection in the set. */
  readonly mark: InboxMark | undefined;
  /** The agent with the connection that turned it online; absent when it had others, or nothing was added. */
  readonly arrival: AgentRecord | undefined;
}

export interface RemoveResult {
  /** Whether the connection was in the set. */
  readonly changed: boolean;
  /** The agent without its last connection; absent when it has others, or nothing was removed. */
  readonly departure: AgentRecord | undefined;
}

/** What is known of an agent, and what was when it last went offline. */
export interface AgentRecord extends AgentPresence {
  readonly left:
    | {
        /** Epoch milliseconds. */
        readonly at: number;
        /** Its status until then. */
        readonly status: string;
        /** The latest version that was passed on as offline by a deployment that waits with that. */
        readonly toldVersion: number | undefined;
      }
    | undefined;
}

export interface AgentEntry {
  readonly agentId: string;
  readonly record: AgentRecord | undefined;
}

/** An agent's item, all of it as of one moment. */
export interface AgentView {
  readonly connectionIds: readonly string[];
  /** Absent for an agent that never connected. */
  readonly version: number | undefined;
  readonly mark: InboxMark | undefined;
  /** Everything up to here in its inbox has been handled; only of an agent whose clients report it. */
  readonly handled: Position | undefined;
  /** Epoch milliseconds: when the item may be deleted, if nothing happens. */
  readonly expiresAt: number | undefined;
  /** Absent for an agent that never connected. */
  readonly record: AgentRecord | undefined;
}

export interface MissedMessage {
  readonly tenantId: string;
  /** Whose inbox it is in. */
  readonly agentId: string;
  readonly sequence: number;
  /** Epoch milliseconds; the mark is kept for at least as long. */
  readonly expiresAt: number;
}

/**
 * One item per agent: the set of its live connections, and what it says of itself. Changes are atomic, and the version rises with
 * each change of either, and only then.
 */
export interface AgentStore {
  /** Adds the connection and turns the agent online, unless it has `limit` others already. Idempotent. */
  addConnection(tenantId: string, agentId: string, connectionId: string, limit: number): Promise<AddResult>;
  /** Removes the connection; the agent turns offline with its last one, and only then. Idempotent. */
  removeConnection(tenantId: string, agentId: string, connectionId: string): Promise<RemoveResult>;
  /**
   * Writes what the agent says of itself; its status lasts until it is offline, its capabilities beyond. `undefined` when the
   * connection is not in the set.
   */
  setPresence(
    tenantId: string,
    agentId: string,
    connectionId: string,
    own: OwnPresence,
  ): Promise<AgentRecord | undefined>;
  /** Notes that watchers were told of the agent as offline, if it still is, with this version. Tells whether it is. Idempotent. */
  noteTold(tenantId: string, agentId: string, version: number): Promise<boolean>;
  /**
   * Pages of the agents of the tenant in the order of the bytes of their ids, from behind `after` on, as they are read: those
   * that never connected, or are expired, have no record. Strongly consistent.
   */
  agents(tenantId: string, after: string | undefined): AsyncIterable<readonly AgentEntry[]>;
  /** Strongly consistent. Empty for an agent that is offline or was never seen. */
  connectionIds(tenantId: string, agentId: string): Promise<readonly string[]>;
  /** Strongly consistent. */
  look(tenantId: string, agentId: string): Promise<AgentView>;
  /**
   * Notes that no connection took the message: lowers the mark to it where that is needed, and raises the mark's count.
   * With `seen` only if the agent's set is still what it was then; tells whether it was.
   */
  noteMissed(missed: MissedMessage, seen: AgentView | undefined): Promise<boolean>;
  /**
   * For a connection that has taken everything before `to` (default: everything there is): raises or removes the mark,
   * provided that nothing was noted since, and that the connection is still in the set. Tells whether it did.
   */
  settleMark(
    tenantId: string,
    agentId: string,
    connectionId: string,
    mark: InboxMark,
    to?: number,
  ): Promise<boolean>;
  /**
   * Keeps how far the agent has handled its inbox, for as long as the rows of the inbox live (`retentionMs`) after its last
   * connection has ended. With `isFirst` only if no position is kept; otherwise only if the kept one is lower or of another
   * epoch. Changes nothing for an agent without an item. Idempotent.
   */
  keepHandled(
    tenantId: string,
    agentId: string,
    handled: Position,
    retentionMs: number,
    isFirst: boolean,
  ): Promise<void>;
}

/** A row of a log without what the message says. */
export interface LogEntry {
  /** From 1; 0 is the key of the log's mark. */
  readonly sequence: number;
  readonly epoch: string;
  /** Tells whose put it was. Begins with the event and the frame that it was for; those of earlier releases do not. */
  readonly nonce: string;
  readonly id: string;
  readonly agentId: string;
  /** Whether its sender said that it may have sent this id before. */
  readonly isRetry: boolean;
  /** Epoch milliseconds; at least that of the row before. */
  readonly timestamp: number;
  /** Epoch milliseconds; a row past it counts as absent even while it can still be read. */
  readonly expiresAt: number;
}

/** A row of a log: an accepted message. */
export interface LogRow extends LogEntry {
  /** Type, content, metadata and the user's other fields, as JSON text. */
  readonly body: string;
}

/** A row as it is read back. */
export type StoredRow = LogEntry & {
  /** `undefined` for a damaged row: its checksum does not match, or its body can't be read. It is never data. */
  readonly body: string | undefined;
};

/**
 * Item 0 of a log: "when I was written, nothing stood above `sequence`". Until `expiresAt` whatever was written since is
 * still in the table, so a log without newer rows goes on from here even when all of its rows have expired.
 */
export interface Mark extends Position {
  /** Epoch milliseconds; a mark past it proves nothing. */
  readonly expiresAt: number;
}

export interface Head {
  /** The row with the highest sequence; item 0 is never it. */
  readonly row: LogEntry | undefined;
  /** Known only of a log without rows, where the same read finds it; else ask `mark`. */
  readonly mark: Mark | undefined;
}

export type PutOutcome = 'written' | 'exists' | 'unclear';

/**
 * The log of a channel or an inbox. `subject` is a key of `subjects.ts`. Reads are strongly consistent and give expired rows
 * too. A row is deleted an hour after it has expired or later, and rows are deleted in no order. A damaged row leaves a line in
 * the service's log.
 */
export interface HistoryStore {
  /** One call. */
  head(subject: string): Promise<Head>;
  get(subject: string, sequence: number): Promise<StoredRow | undefined>;
  /**
   * Writes the row if its sequence is free. Never retried inside: `unclear` means that the write may or may not have
   * happened, or may still happen.
   */
  tryPut(subject: string, row: LogRow): Promise<PutOutcome>;
  /** Pages from the newest row to older ones, the first one small: whoever looks for a row seldom has to go further. */
  newestFirst(subject: string): AsyncIterable<readonly LogEntry[]>;
  /** Item 0. */
  mark(subject: string): Promise<Mark | undefined>;
  /**
   * Raises item 0 to the position, or lets it live longer at the position that it has. Anything lower changes nothing:
   * a new epoch begins above the mark of the old one, so a higher sequence is a newer position in whatever epoch. Idempotent.
   */
  raiseMark(subject: string, position: Position, expiresAt: number): Promise<void>;
  /** Pages of the rows above `after`, oldest first, up to and including `upTo`. Item 0 is not among them. */
  range(
    subject: string,
    bounds: { readonly after: number; readonly upTo?: number },
  ): AsyncIterable<readonly StoredRow[]>;
  /** Pages of the rows below `before`, newest first. Item 0 is not among them. */
  rangeBack(subject: string, bounds: { readonly before?: number }): AsyncIterable<readonly StoredRow[]>;
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
  readonly isRested: boolean;
}

/** How far agents and tenants have used up their time. `subject` is a key of `subjects.ts`. */
export interface RateCounter {
  /** Puts a counter that rests, or is ahead of the ceiling, to the floor, then raises it by the use, atomically. Gives the epoch milliseconds up to which time is used up. */
  add(subject: string, use: RateUse): Promise<number>;
}

export interface ConnectionSender {
  /** One attempt, given up after `timeoutMs`. Never throws. */
  post(connectionId: string, text: string, timeoutMs: number): Promise<DeliveryOutcome>;
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

export interface TokenVerifier {
  /** The claims, or `undefined` for a token that must be refused. Throws only when it couldn't be checked. */
  verify(unverifiedToken: string): Promise<VerifiedClaims | undefined>;
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
  begin(at: number | undefined): void;
}

/** Fresh, unguessable ids. */
export type NewId = () => string;

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Never given a token, a query string or content. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}
