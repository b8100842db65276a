/**
 * `PRESENCE`: the answer to `presence` (PRE-1, PRE-5).
 */
import { type AgentEntry, agentEntry, type AgentPresence, type PresenceVersion } from '../agent-presence';
import { type Capabilities, type Id, type PresenceWord, type WireTime, wireTime } from '../values';

export type PresenceAnswerFrame = OwnPresenceFrame | PresenceListFrame;

/** The answer to an agent that set its own presence. */
export interface OwnPresenceFrame {
  readonly type: 'PRESENCE';
  readonly message_id: Id;
  readonly timestamp: WireTime;
  readonly agent_id: Id;
  readonly status: PresenceWord;
  readonly capabilities: Capabilities;
  readonly version: PresenceVersion;
}

/** The answer to a query. */
export interface PresenceListFrame {
  readonly type: 'PRESENCE';
  readonly message_id: Id;
  readonly timestamp: WireTime;
  /** @maxItems 100 */
  readonly agents: readonly AgentEntry[];
  /** There may be more. */
  readonly next?: Id | undefined;
}

export const examples: readonly PresenceAnswerFrame[] = [
  {
    type: 'PRESENCE',
    message_id: '1',
    timestamp: '2026-11-24T18:11:43.871Z',
    agent_id: 'alice',
    status: 'busy',
    capabilities: ['translate'],
    version: 1_790_000_000_007,
  },
  {
    type: 'PRESENCE',
    message_id: '2',
    timestamp: '2026-11-24T18:11:43.871Z',
    agents: [
      {
        agent_id: 'bob',
        status: 'offline',
        capabilities: [],
        version: 1_790_000_000_008,
        changed_at: '2026-11-24T18:11:43.871Z',
      },
    ],
    next: 'bob',
  },
];

export function ownPresenceText(messageId: string, presence: AgentPresence, timestamp: number): string {
  const { agentId, status, capabilities, version } = presence;
  return JSON.stringify({
    type: 'PRESENCE',
    message_id: messageId,
    timestamp: wireTime(timestamp),
    agent_id: agentId,
    status,
    capabilities,
    version,
  } satisfies OwnPresenceFrame);
}

/** `next`: there may be more. */
export function presenceText(
  messageId: string,
  agents: readonly AgentPresence[],
  next: string | undefined,
  timestamp: number,
): string {
  return JSON.stringify({
    type: 'PRESENCE',
    message_id: messageId,
    timestamp: wireTime(timestamp),
    agents: agents.map(agentEntry),
    next,
  } satisfies PresenceListFrame);
}

/** Bytes that an agent takes in an answer, its comma included. */
export function presenceBytes(agent: AgentPresence): number {
  return new TextEncoder().encode(JSON.stringify(agentEntry(agent))).length + 1;
}
