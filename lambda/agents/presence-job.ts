/**
 * The payload of the presence function: which agent has changed, and how. Writer and reader are in one file, so that they stay
 * the same.
 */
import type { AgentPresence, PresenceReason } from '../../protocol/index';

export interface PresenceJob {
  readonly tenantId: string;
  readonly presence: AgentPresence;
  readonly reason: PresenceReason;
  /** Epoch milliseconds: when to send the event, unless the agent is back by then. Absent: at once. */
  readonly sendAt: number | undefined;
}

export function encodePresenceJob({ tenantId, presence, reason, sendAt: tellAt }: PresenceJob): object {
  const { agentId, status, capabilities, version, changedAt } = presence;
  return {
    tenant: tenantId,
    agent: agentId,
    status,
    capabilities,
    version,
    changed_at: changedAt,
    reason,
    tell_at: tellAt,
  };
}

/** Throws when the event is none of ours. */
export function decodePresenceJob(event: Readonly<Record<string, unknown>>): PresenceJob {
  const {
    tenant,
    agent,
    status,
    capabilities,
    version,
    changed_at: changedAt,
    reason,
    tell_at: tellAt,
  } = event;
  if (
    typeof tenant !== 'string' ||
    typeof agent !== 'string' ||
    typeof status !== 'string' ||
    !isListOfTexts(capabilities) ||
    typeof version !== 'number' ||
    typeof changedAt !== 'number' ||
    (reason !== 'connected' && reason !== 'disconnected' && reason !== 'changed') ||
    (tellAt !== undefined && typeof tellAt !== 'number')
  ) {
    throw new Error('The payload is not a presence job');
  }
  const presence = { agentId: agent, status, capabilities, version, changedAt };
  return { tenantId: tenant, presence, reason, sendAt: tellAt };
}

function isListOfTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
