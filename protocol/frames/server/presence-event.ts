/**
 * The message that tells the subscribers of `$presence` of a change of an agent (PRE-7).
 */
import { reservedChannels } from '../../names';
import type { AgentPresence, PresenceVersion } from '../agent-presence';
import type { Capabilities, Id, PresenceWord, WireTime } from '../values';
import type { Message } from './message';

export type PresenceReason = 'connected' | 'disconnected' | 'changed';

export interface PresenceEventFrame {
  readonly id: Id;
  readonly type: 'presence';
  readonly content: PresenceEventContent;
  readonly metadata: NoMetadata;
  readonly tenant_id: Id;
  /** The agent that has changed. */
  readonly agent_id: Id;
  readonly channel_id: '$presence';
  readonly timestamp: WireTime;
}

/** @maxProperties 0 */
type NoMetadata = Readonly<Record<string, unknown>>;

export interface PresenceEventContent {
  readonly status: PresenceWord;
  readonly capabilities: Capabilities;
  readonly version: PresenceVersion;
  readonly reason: PresenceReason;
}

export const examples: readonly PresenceEventFrame[] = [
  {
    id: 'e1',
    type: 'presence',
    content: { status: 'busy', capabilities: ['translate'], version: 1_790_000_000_007, reason: 'connected' },
    tenant_id: 'demo',
    agent_id: 'alice',
    channel_id: '$presence',
    timestamp: '2026-11-24T18:11:43.871Z',
    metadata: {},
  },
];

/** `messageText` writes it, at both levels: it has no position. */
export function presenceEvent(
  id: string,
  tenantId: string,
  presence: AgentPresence,
  reason: PresenceReason,
): Message {
  const { agentId, status, capabilities, version, changedAt } = presence;
  return {
    id,
    type: 'presence',
    content: { status, capabilities, version, reason } satisfies PresenceEventContent,
    metadata: {},
    extra: {},
    tenantId,
    agentId,
    channelId: reservedChannels.presence,
    to: undefined,
    timestamp: changedAt,
  };
}
