/**
 * An agent's item in AgentTable, and what the core reads in it. Attributes are absent while there is nothing to say.
 */
import { offline, online, type Position } from '../../../../protocol/index';
import type { AgentRecord, InboxMark } from '../../../shared/stores/agent-store';

/** How long the item of an offline agent is kept. */
export const offlineSeconds = 30 * 86_400;

/** Condition on `announced`; `#version` is an alias. A comparison with what is not there would be true. */
export const isUnannounced =
  '(attribute_not_exists(announced) OR (attribute_exists(#version) AND announced <> #version))';

export interface AgentItem {
  readonly agent_id?: string;
  readonly connections?: ReadonlySet<string>;
  readonly version?: number;
  /** Whether it is connected. */
  readonly status?: string;
  /** Its own word for how it is, while it is connected. */
  readonly said?: string;
  readonly capabilities?: readonly string[];
  /** Epoch milliseconds. */
  readonly changed_at?: number;
  readonly left_at?: number;
  readonly said_before?: string;
  readonly told?: number;
  readonly inbox_from?: number;
  /** Outlives the mark, so that a new one is never taken for an old one. */
  readonly inbox_count?: number;
  /** The version for which the event that there is mail was sent, 0 without one; and when it was last claimed, epoch milliseconds. */
  readonly announced?: number;
  readonly announce_at?: number;
  readonly handled_epoch?: string;
  readonly handled_sequence?: number;
  /** Seconds that the item is kept for after the last connection has ended, because of `handled_…`. */
  readonly kept_for?: number;
  /** Epoch seconds. */
  readonly ttl?: number;
}

export function inboxMarkOf({ inbox_from: from, inbox_count: count }: AgentItem): InboxMark | undefined {
  return from === undefined || count === undefined ? undefined : { from, count };
}

export function handledOf({
  handled_epoch: epoch,
  handled_sequence: sequence,
}: AgentItem): Position | undefined {
  return epoch === undefined || sequence === undefined ? undefined : { epoch, sequence };
}

/** `undefined` for an agent that never connected. */
export function recordOf(agentId: string, item: AgentItem): AgentRecord | undefined {
  const { version, status, said, capabilities, changed_at, left_at, said_before, told } = item;
  if (version === undefined) return undefined;
  return {
    agentId,
    status: status === offline ? offline : (said ?? online),
    capabilities: capabilities ?? [],
    version,
    // A version begins with the time; items that are older than this attribute have changed a few times since.
    changedAt: changed_at ?? version,
    lastDeparture:
      left_at === undefined
        ? undefined
        : { at: left_at, status: said_before ?? online, announcedVersion: told },
  };
}
