/**
 * Starts the presence function when an agent changes and the tenant has subscribers of `$presence` (PRE-7). Never throws: an
 * event may get lost, and a query gives the current state.
 */
import { type AgentPresence, offline, type PresenceReason, reservedChannels } from '../../protocol/index';
import { errorFields } from '../shared/error-fields';
import type { AgentRecord, AgentStore } from '../shared/stores/agent-store';
import type { ConnectionStore } from '../shared/stores/connection-store';
import { isObserver } from '../shared/subjects';
import type { BusEventType, EventSink, Invoker, Logger } from '../shared/ports';
import { encodePresenceJob } from './presence-job';

export interface AnnounceDependencies {
  readonly connections: Pick<ConnectionStore, 'hasSubscribers'>;
  readonly agents: Pick<AgentStore, 'markAnnounced'>;
  readonly invoker: Invoker;
  /** The function that sends presence events. */
  readonly presenceFunction: string;
  /** How long an agent may be away before its departure is announced. */
  readonly presenceGraceMs: number;
  /** Absent: no events leave the bus. */
  readonly events?: EventSink | undefined;
  readonly log: Logger;
}

/** Allowed clock skew after the grace period. */
const skewMs = 2_000;

export async function announceArrival(
  deps: AnnounceDependencies,
  tenantId: string,
  arrival: AgentRecord,
): Promise<void> {
  const { presenceGraceMs: graceMs } = deps;
  await Promise.all([
    sendEvent(deps, 'agent.connected', tenantId, arrival),
    !isWithinGrace(arrival, graceMs) && announce(deps, tenantId, arrival, 'connected'),
  ]);
}

export async function announceDeparture(
  deps: AnnounceDependencies,
  tenantId: string,
  departure: AgentRecord,
): Promise<void> {
  await Promise.all([
    sendEvent(deps, 'agent.disconnected', tenantId, departure),
    announce(deps, tenantId, departure, 'disconnected'),
  ]);
}

export async function announceChange(
  deps: AnnounceDependencies,
  tenantId: string,
  presence: AgentPresence,
): Promise<void> {
  await announce(deps, tenantId, presence, 'changed');
}

/**
 * The presence that subscribers and queries see. During the grace period an agent without connections keeps its earlier status
 * and version (PRE-9).
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

/** Whether the agent came back during the grace period, with the same status, before its departure was announced. */
function isWithinGrace(
  { lastDeparture: left, version, status, changedAt }: AgentRecord,
  graceMs: number,
): boolean {
  // Without a grace period every departure is announced at once.
  if (graceMs === 0 || left?.status !== status) return false;
  // The announcer records the version before sending, so it cannot announce the earlier version now.
  return left.announcedVersion !== version - 1 && changedAt < left.at + graceMs;
}

/** At once, as the grace period is for those who watch. */
async function sendEvent(
  { events }: AnnounceDependencies,
  type: BusEventType & `agent.${string}`,
  tenantId: string,
  { agentId, status, capabilities, version, changedAt }: AgentRecord,
): Promise<void> {
  if (isObserver(agentId)) return; // TOK-11
  const timestamp = new Date(changedAt).toISOString();
  const detail = { tenant_id: tenantId, agent_id: agentId, status, capabilities, version, timestamp };
  await events?.send([{ type, detail: JSON.stringify(detail) }]);
}

async function announce(
  deps: AnnounceDependencies,
  tenantId: string,
  presence: AgentPresence,
  reason: PresenceReason,
): Promise<void> {
  const { agentId, version, changedAt } = presence;
  if (isObserver(agentId)) return; // TOK-11
  const waits = reason === 'disconnected' && deps.presenceGraceMs > 0;
  try {
    if (await deps.connections.hasSubscribers(tenantId, reservedChannels.presence)) {
      const tellAt = waits ? changedAt + deps.presenceGraceMs : undefined;
      await deps.invoker.start(
        deps.presenceFunction,
        encodePresenceJob({ tenantId, presence, reason, sendAt: tellAt }),
      );
    } else if (waits) {
      // Without subscribers there is no event to delay: queries see the change at once.
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
