/**
 * An agent as the service stores it and reports it.
 */
import { type Capabilities, type Id, type PresenceWord, type WireTime, wireTime } from './values';

export interface AgentPresence {
  readonly agentId: string;
  /** `offline` without a connection. */
  readonly status: string;
  readonly capabilities: readonly string[];
  /** Rises with every change, also across a deletion of what is known. */
  readonly version: number;
  /** Epoch milliseconds: when it got this version. */
  readonly changedAt: number;
}

export const offline = 'offline';
/** Of a connected agent that says nothing else. */
export const online = 'online';

/** An agent in the answer to a query. */
export interface AgentEntry {
  readonly agent_id: Id;
  readonly status: PresenceWord;
  readonly capabilities: Capabilities;
  readonly version: PresenceVersion;
  readonly changed_at: WireTime;
}

/**
 * @asType integer
 * @minimum 0
 * @maximum 9007199254740991
 */
export type PresenceVersion = number;

export function agentEntry({ agentId, status, capabilities, version, changedAt }: AgentPresence): AgentEntry {
  return { agent_id: agentId, status, capabilities, version, changed_at: wireTime(changedAt) };
}
