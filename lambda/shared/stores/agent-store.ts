/** Agents: who is connected, presence, the mark of the inbox; and the port. */
import type { AgentPresence, OwnPresence, Position } from '../../../protocol/index';

/** `unknown`: it may not be new, and is. */
export type AddOutcome = 'added' | 'present' | 'full' | 'unknown';

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
  readonly inboxMark: InboxMark | undefined;
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
  readonly lastDeparture:
    | {
        /** Epoch milliseconds. */
        readonly at: number;
        /** Its status until then. */
        readonly status: string;
        /** The latest version that was passed on as offline by a deployment that waits with that. */
        readonly announcedVersion: number | undefined;
      }
    | undefined;
}

export interface AgentEntry {
  readonly agentId: string;
  /** Absent for an agent that never connected, or is expired: it only says how far was read. */
  readonly record: AgentRecord | undefined;
}

/** An agent's item, all of it as of one moment. */
export interface AgentView {
  readonly connectionIds: readonly string[];
  /** Absent for an agent that never connected. */
  readonly version: number | undefined;
  readonly inboxMark: InboxMark | undefined;
  /** Everything up to here in its inbox has been handled; only of an agent whose clients report it. */
  readonly handled: Position | undefined;
  /** Epoch milliseconds: when the item may be deleted, if nothing happens. */
  readonly expiresAt: number | undefined;
  /** Absent for an agent that never connected. */
  readonly record: AgentRecord | undefined;
  /** The version for which the event that it has mail was sent; 0 for an agent that never connected. */
  readonly announcedFor?: number | undefined;
  /** Epoch milliseconds: when that event was last claimed. */
  readonly wakeClaimedAt?: number | undefined;
}

export interface AgentName {
  readonly tenantId: string;
  readonly agentId: string;
}

/** An agent that has connections in its set. */
export interface ConnectedAgent extends AgentName {
  readonly connectionIds: readonly string[];
}

/** Somebody is about to send the event that the agent has mail. */
export interface WakeClaim {
  readonly tenantId: string;
  readonly agentId: string;
  /** Of the agent when it was claimed; absent for an agent that never connected. */
  readonly version: number | undefined;
  /** Of the oldest message that no connection took. */
  readonly sequence: number;
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
  /**
   * Adds the connection and turns the agent online, unless it has `limit` others already, or has never connected and may not be new
   * (default: it may). Idempotent.
   */
  addConnection(
    tenantId: string,
    agentId: string,
    connectionId: string,
    limit: number,
    mayBeNew?: boolean,
  ): Promise<AddResult>;
  /** END-1, END-2: removes the connection; the agent turns offline with its last one, and only then. Idempotent. */
  removeConnection(tenantId: string, agentId: string, connectionId: string): Promise<RemoveResult>;
  /**
   * PRE-3, PRE-8: writes what the agent says of itself; its status lasts until it is offline, its capabilities stay. `undefined` when the
   * connection is not in the set.
   */
  setPresence(
    tenantId: string,
    agentId: string,
    connectionId: string,
    own: OwnPresence,
  ): Promise<AgentRecord | undefined>;
  /** Records that this version of the agent is announced as offline. Returns whether the agent is still offline with it. Idempotent. */
  markAnnounced(tenantId: string, agentId: string, version: number): Promise<boolean>;
  /**
   * Pages of the agents of the tenant in the order of the bytes of their ids, from behind `after` on. Those that never connected
   * or are expired are left out, but for the last one that was read for a page. So are observers. Strongly consistent.
   */
  agents(tenantId: string, after: string | undefined): AsyncIterable<readonly AgentEntry[]>;
  /** Pages of the agents and observers of the tenant that have connections. Strongly consistent. */
  connectedAgents(tenantId: string): AsyncIterable<readonly ConnectedAgent[]>;
  /** Strongly consistent. Empty for an agent that is offline or was never seen. */
  connectionIds(tenantId: string, agentId: string): Promise<readonly string[]>;
  /** Strongly consistent. */
  getAgent(tenantId: string, agentId: string): Promise<AgentView>;
  /**
   * Notes that no connection took the message: lowers the mark to it where that is needed, and raises the mark's count.
   * With `seen` only if the agent's set is still what it was then; tells whether it was.
   */
  recordMissed(missed: MissedMessage, seen: AgentView | undefined): Promise<boolean>;
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
   * For one sender of the event that the agent has mail: claims it, if there is a mark, the set is empty, the event was not sent since
   * the set has changed, and nobody has claimed it within `pauseMs`.
   */
  claimWake(tenantId: string, agentId: string, pauseMs: number): Promise<WakeClaim | undefined>;
  /** The event has been sent. Without effect when the set has changed since. Idempotent. */
  markWoken(claim: WakeClaim): Promise<void>;
  /**
   * INB-7: keeps how far the agent has handled its inbox, for as long as the rows of the inbox live (`retentionMs`) after its last
   * connection has ended. With `isFirst` only if no position is kept; otherwise only if the kept one is lower or of another
   * epoch. Changes nothing for an agent without an item. Idempotent.
   */
  saveHandled(
    tenantId: string,
    agentId: string,
    handled: Position,
    retentionMs: number,
    isFirst: boolean,
  ): Promise<void>;
}
