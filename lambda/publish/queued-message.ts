/**
 * A message of the publish queue: the frame of a client, with `tenant_id` and `agent_id`. IAM decides who may send to the queue, so
 * a list says for whom.
 */
import {
  allChannels,
  type ErrorDetails,
  isId,
  isJsonObject,
  matchesPrefix,
  type ParsedFrame,
  parseText,
} from '../../protocol/index';
import type { Caller } from '../shared/caller';

/** Agents of one tenant for whom the queue may publish: ids, or prefixes that end in `*`. */
export interface AllowedAgents {
  readonly tenant: string;
  readonly agents: readonly string[];
}

export type QueuedMessage =
  | { readonly ok: true; readonly caller: Caller; readonly frames: readonly ParsedFrame[] }
  | { readonly ok: false; readonly code: ErrorDetails['code'] };

/** No connection has this id: theirs end in `=`. */
export const queueConnectionId = 'publish-queue';

export function readQueuedMessage(
  { messageId, body }: { readonly messageId: string; readonly body: string },
  allowed: readonly AllowedAgents[],
  now: number,
): QueuedMessage {
  const message = objectIn(body);
  if (message === undefined) return { ok: false, code: 'invalid_message' };
  const { tenant_id: tenantId, agent_id: agentId, ...frame } = message;
  if (!isId(tenantId) || !isId(agentId)) return { ok: false, code: 'invalid_message' };
  if (!isAllowed(allowed, tenantId, agentId)) return { ok: false, code: 'forbidden' };
  // SQS delivers a message at least once.
  const frames = parseText(JSON.stringify({ ...frame, id: frame.id ?? messageId, retry: true }));
  const isControl = frames.some((each) => each.ok && each.kind === 'control');
  if (isControl) return { ok: false, code: 'invalid_message' };
  return { ok: true, caller: callerFor(tenantId, agentId, now), frames };
}

function objectIn(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isAllowed(allowed: readonly AllowedAgents[], tenantId: string, agentId: string): boolean {
  return allowed.some(
    ({ tenant, agents }) => tenant === tenantId && agents.some((name) => matchesPrefix(name, agentId)),
  );
}

function callerFor(tenantId: string, agentId: string, now: number): Caller {
  return {
    connectionId: queueConnectionId,
    connectedAt: now,
    tenantId,
    agentId,
    channelId: undefined,
    grants: { channels: allChannels },
    tokenExpiresAt: Infinity,
    level: 1,
    echo: true,
  };
}
