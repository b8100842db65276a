/**
 * The sender's half of the inbox: a direct message that is in the log either meets a live connection of its agent, or
 * the agent's inbox mark says that it was missed. The other half is `push-inbox.ts`.
 */
import type { Deadline } from '../shared/deadline';
import { errorFields } from '../shared/error-fields';
import type { Logger } from '../shared/ports';
import { agentWithConnections, type LiveDependencies } from '../agents/live-connections';
import { isWakeDue } from '../agents/wake';
import type { AgentView, MissedMessage } from '../shared/stores/agent-store';
import type { Connection } from '../shared/stores/connection-store';

/** The set of connections changes between the look and the write only when the agent comes or goes just then. */
const maxLookups = 5;
/** With less, nobody is looked for. */
const minLookupMs = 400;

export interface Found {
  readonly connections: readonly Connection[];
  /** The agent sleeps, and an event about its mail may be due. */
  readonly isWakeDue: boolean;
  /** DIR-7: false for an agent that never connected. */
  readonly isKnown: boolean;
}

/**
 * Gives the live connections that have not been tried yet. When there are none, or nobody can tell, the message is noted as
 * missed before it returns: a later push delivers it. With no `lookups` it is noted at once. Throws when it can't be noted
 * in a second attempt either; then nothing is certain.
 */
export async function findReceiversOrRecordMissed(
  deps: LiveDependencies & { readonly log: Logger },
  missed: MissedMessage,
  tried: ReadonlySet<string>,
  deadline: Deadline,
  lookups = maxLookups,
): Promise<Found> {
  try {
    for (let lookup = 0; lookup < lookups && deadline.remainingMs >= minLookupMs; lookup++) {
      const found = await findOrRecord(deps, missed, tried);
      if (found !== undefined) return found;
    }
    // No time, or connections come and go faster than we look. The mark leads the next one to the message.
    await deps.agents.recordMissed(missed, undefined);
  } catch (error) {
    deps.log.error('receivers_unknown', { tenant_id: missed.tenantId, ...errorFields(error) });
    await deps.agents.recordMissed(missed, undefined);
  }
  return { connections: [], isWakeDue: true, isKnown: true };
}

/** `undefined`: a connection came after the look. It knows nothing of this message, so it has to be found. */
async function findOrRecord(
  deps: LiveDependencies,
  missed: MissedMessage,
  tried: ReadonlySet<string>,
): Promise<Found | undefined> {
  const { view, live } = await agentWithConnections(deps, missed.tenantId, missed.agentId);
  const connections = live.filter(({ connectionId }) => !tried.has(connectionId));
  if (connections.length > 0) return { connections, isWakeDue: false, isKnown: true };
  if (!isCovered(view, missed) && !(await deps.agents.recordMissed(missed, view))) return undefined;
  return { connections, isWakeDue: isWakeDue(view, deps.clock.now()), isKnown: view.version !== undefined };
}

/**
 * The normal case of an agent that is away: the mark is there, and the message costs no write. A connection that comes later
 * adds itself to the set and reads the log up to its head after that, so it meets the message, which was put before the
 * look. And nobody can remove the mark in between: that takes a connection that has been in the set since before it read
 * the head, and the look found none in the set. With dead connections in the set this can't be told, so their agent's mark
 * is written.
 */
function isCovered({ connectionIds, inboxMark: mark, expiresAt }: AgentView, missed: MissedMessage): boolean {
  if (connectionIds.length > 0 || mark === undefined || mark.from > missed.sequence) return false;
  // The item, and the mark with it, must not be deleted before the message.
  return expiresAt === undefined || expiresAt > missed.expiresAt;
}
