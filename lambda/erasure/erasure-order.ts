/** Whom to erase, and how far earlier invocations have come. */
import { isId, isJsonObject } from '../../protocol/index';

/** In this order. `inboxes`: those of other agents, for what an agent has sent to them. `failures`: the failure queue. */
export const erasureLists = ['channels', 'inboxes', 'agents', 'failures'] as const;

export interface ErasurePlace {
  readonly list: (typeof erasureLists)[number];
  /** The last id of the list whose turn is over. */
  readonly after?: string | undefined;
  /** The id whose log has been erased up to `sequence`. */
  readonly within?: string | undefined;
  readonly sequence: number;
}

/** What has been erased so far. */
export interface ErasureCounts {
  /** Connections that were ended. */
  readonly closed: number;
  /** Rows of logs that were emptied. */
  readonly messages: number;
  /** Channels whose logs were gone through. */
  readonly channels: number;
  /** Items of agents: presence, capabilities, the mark and the position of the inbox. */
  readonly agents: number;
  /** Agents that have come back meanwhile: their items stay. */
  readonly connected: number;
  /** Events of the failure queue that were removed. */
  readonly failures: number;
}

export interface ErasureOrder {
  readonly tenantId: string;
  /** Absent = the whole tenant. */
  readonly agentId: string | undefined;
  /** Nobody waits for the answer, so the function itself goes on when its time is over. */
  readonly isUnattended: boolean;
  /** Absent = nothing is done yet. */
  readonly place: ErasurePlace | undefined;
  readonly counts: ErasureCounts;
}

/** In one sentence, what is wrong with the payload of the function. */
export class ErasureOrderError extends Error {
  override readonly name = 'ErasureOrderError';
}

export const nothingErased: ErasureCounts = {
  closed: 0,
  messages: 0,
  channels: 0,
  agents: 0,
  connected: 0,
  failures: 0,
};
const members = ['action', 'tenant_id', 'agent_id', 'unattended', 'place', 'counts'];

export function isErasure(payload: unknown): boolean {
  return isJsonObject(payload) && payload.action === 'erase';
}

/** @throws ErasureOrderError */
export function readErasureOrder(payload: unknown): ErasureOrder {
  if (!isJsonObject(payload)) throw wrong('The payload must be an object');
  const unknown = Object.keys(payload).find((name) => !members.includes(name));
  // A misspelt agent must not erase its tenant.
  if (unknown !== undefined) throw wrong(`There is no member "${unknown.slice(0, 50)}"`);
  const { tenant_id: tenantId, agent_id: agentId, unattended, place, counts = nothingErased } = payload;
  if (!isId(tenantId)) throw wrong('"tenant_id" must be the id of a tenant');
  if (agentId !== undefined && !isId(agentId)) throw wrong('"agent_id" must be the id of an agent');
  if (unattended !== undefined && typeof unattended !== 'boolean')
    throw wrong('"unattended" must be true or false');
  if (place !== undefined && !isPlace(place)) throw wrong('"place" must be that of an earlier answer');
  if (!isCounts(counts)) throw wrong('"counts" must be those of an earlier answer');
  return { tenantId, agentId, isUnattended: unattended === true, place, counts };
}

/** The payload for the next invocation. */
export function erasurePayload({ tenantId, agentId, isUnattended, place, counts }: ErasureOrder): object {
  return {
    action: 'erase',
    tenant_id: tenantId,
    agent_id: agentId,
    ...(isUnattended && { unattended: true }),
    place,
    counts,
  };
}

function isPlace(value: unknown): value is ErasurePlace {
  if (!isJsonObject(value)) return false;
  const { list, after, within, sequence } = value;
  return (
    erasureLists.some((each) => each === list) &&
    [after, within].every((id) => id === undefined || typeof id === 'string') &&
    Number.isSafeInteger(sequence)
  );
}

function isCounts(value: unknown): value is ErasureCounts {
  if (typeof value !== 'object' || value === null) return false;
  const counts = value as Readonly<Record<string, unknown>>;
  return Object.keys(nothingErased).every((name) => Number.isSafeInteger(counts[name]));
}

function wrong(sentence: string): ErasureOrderError {
  return new ErasureOrderError(`${sentence}.`);
}
