/**
 * The payload of the inbox function: the connection that gets the inbox of its agent, and the position to start after.
 * The writer and the reader are in one file, so that they cannot differ.
 */
import type { InboxMark } from './stores/agent-store';

/** The connection that gets the messages. It must have been in the agent's set when the mark was read. */
export interface PushTarget {
  readonly tenantId: string;
  readonly agentId: string;
  readonly connectionId: string;
}

export interface InboxJob extends PushTarget {
  readonly inboxMark: InboxMark;
  /** Epoch milliseconds: when the connection stops receiving. */
  readonly expiresAt: number;
  /** When it was written, epoch milliseconds; absent in those of earlier deployments. */
  readonly at: number | undefined;
}

export function encodeInboxJob(order: InboxJob): object {
  const { tenantId, agentId, connectionId, expiresAt, inboxMark: mark, at } = order;
  const { from, count } = mark;
  return {
    tenant: tenantId,
    agent: agentId,
    connection: connectionId,
    expires_at: expiresAt,
    from,
    count,
    at,
  };
}

/** Throws when the event is none of ours. */
export function decodeInboxJob(event: Readonly<Record<string, unknown>>): InboxJob {
  const { tenant, agent, connection, expires_at: expiresAt, from, count, at } = event;
  if (
    typeof tenant !== 'string' ||
    typeof agent !== 'string' ||
    typeof connection !== 'string' ||
    typeof expiresAt !== 'number' ||
    typeof from !== 'number' ||
    typeof count !== 'number' ||
    (at !== undefined && typeof at !== 'number')
  ) {
    throw new Error('The event is no order to push an inbox');
  }
  return {
    tenantId: tenant,
    agentId: agent,
    connectionId: connection,
    expiresAt,
    inboxMark: { from, count },
    at,
  };
}
