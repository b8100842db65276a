/**
 * Sees to it that the watchers of a tenant hear of a change. Only looks whether there are any, and leaves the rest to a
 * function that nobody waits for. Never throws: events may get lost, and a query tells what is.
 */
import { type AgentPresence, offline, type PresenceReason, reservedChannels } from '../../protocol/index';
import { errorFields } from '../shared/error-fields';
import type { AgentRecord, AgentStore } from '../shared/agent-store';
import type { ConnectionStore } from '../shared/connection-store';
import type { Invoker, Logger } from '../shared/ports';
import { encodePresenceJob } from './presence-job';

export interface AnnounceDependencies {
  readonly connections: Pick<ConnectionStore, 'hasSubscribers'>;
  readonly agents: Pick<AgentStore, 'markAnnounced'>;
  readonly invoker: Invoker;
  /** The function that tells watchers. */
  readonly presenceFunction: string;
  /** How long an agent may be away before anybody hears of it. */
  readonly presenceGraceMs: number;
  readonly log: Logger;
}

/** After what was known of the agent to everybody is over, clocks may differ by so much. */
const skewMs = 2_000;

export async function announceArrival(
  deps: AnnounceDependencies,
  tenantId: string,
  arrival: AgentRecord,
): Promise<void> {
  if (isWithinGrace(arrival, deps.presenceGraceMs)) return;
  await announce(deps, tenantId, arrival, 'connected');
}

export async function announceDeparture(
  deps: AnnounceDependencies,
  tenantId: string,
  departure: AgentRecord,
): Promise<void> {
  await announce(deps, tenantId, departure, 'disconnected');
}

export async function announceChange(
  deps: AnnounceDependencies,
  tenantId: string,
  presence: AgentPresence,
): Promise<void> {
  await announce(deps, tenantId, presence, 'changed');
}

/**
 * The agent as watchers may know it: one that has just left still counts as there, under its earlier version, while
 * the deployment waits with saying so.
 */
export function visiblePresence(
  { lastDeparture: left, ...presence }: AgentRecord,
  graceMs: number,
  now: number,
): AgentPresence {
  const { status, version } = presence;
  if (graceMs === 0 || status !== offline || left === undefined) return presence;
  if (left.announcedVersion === version || now >= left.at + graceMs + skewMs) return presence;
  return { ...presence, status: left.status, version: version - 1 };
}

/** Whether it came back in time, before anybody was told that it had left, and as it was. */
function isWithinGrace(
  { lastDeparture: left, version, status, changedAt }: AgentRecord,
  graceMs: number,
): boolean {
  // Without a grace every departure has been told at once.
  if (graceMs === 0 || left?.status !== status) return false;
  // Whoever tells notes it first, under the version that this one has taken the place of: it can't do so any more.
  return left.announcedVersion !== version - 1 && changedAt < left.at + graceMs;
}

async function announce(
  deps: AnnounceDependencies,
  tenantId: string,
  presence: AgentPresence,
  reason: PresenceReason,
): Promise<void> {
  const { agentId, version, changedAt } = presence;
  const waits = reason === 'disconnected' && deps.presenceGraceMs > 0;
  try {
    if (await deps.connections.hasSubscribers(tenantId, reservedChannels.presence)) {
      const tellAt = waits ? changedAt + deps.presenceGraceMs : undefined;
      await deps.invoker.start(
        deps.presenceFunction,
        encodePresenceJob({ tenantId, presence, reason, sendAt: tellAt }),
      );
    } else if (waits) {
      // Nobody to be spared: whoever asks from now on may know it at once.
      await deps.agents.markAnnounced(tenantId, agentId, version);
    }
  } catch (error) {
    deps.log.error('presence_not_announced', {
      tenant_id: tenantId,
      agent_id: agentId,
      ...errorFields(error),
    });
  }
}
