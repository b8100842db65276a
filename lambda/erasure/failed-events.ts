/**
 * Removes from the failure queue what is about an agent or a tenant. Each event of the queue is received once and held until the end,
 * so that the next receive gives others; then the rest is given back. A function that ends in between holds them for a while only.
 */
import { isJsonObject } from '../../protocol/index';
import type { Deadline } from '../shared/deadline';
import { mapStoreCalls } from '../shared/each-concurrently';
import { errorFields } from '../shared/error-fields';
import type { Logger } from '../shared/ports';
import type { FailedEvent, FailedEvents } from '../shared/stores/failed-events';
import type { ErasureOrder } from './erasure-order';

/** Nobody else sees the events for so long: as long as the function may run. */
const holdSeconds = 120;
/** An alarm is on long before that. */
const maxHeld = 10_000;
const batchSize = 10;

export interface FailedEventDependencies {
  readonly failedEvents: FailedEvents;
  readonly log: Logger;
}

export interface FailedEventsErased {
  readonly removed: number;
  /** Every event was looked at, as far as anybody can know, and what had to go is gone. */
  readonly isComplete: boolean;
}

type Scope = Pick<ErasureOrder, 'tenantId' | 'agentId'>;

/** Never throws: what could not be done is a line in the log, and the rest of the erasure stands. */
export async function eraseFailedEvents(
  deps: FailedEventDependencies,
  scope: Scope,
  deadline: Deadline,
): Promise<FailedEventsErased> {
  const pass: Pass = { queue: deps.failedEvents, scope, held: new Map(), removed: new Set() };
  const isComplete = await safely(deps.log, readThrough(pass, deadline));
  await safely(deps.log, giveBack(pass));
  return { removed: pass.removed.size, isComplete };
}

interface Pass {
  readonly queue: FailedEvents;
  readonly scope: Scope;
  /** Of others, by id. */
  readonly held: Map<string, FailedEvent>;
  /** Ids. */
  readonly removed: Set<string>;
}

async function readThrough({ queue, scope, held, removed }: Pass, deadline: Deadline): Promise<boolean> {
  let isSure = true;
  let wasAlone = false;
  while (!deadline.hasPassed && held.size < maxHeld) {
    const events = await queue.receive(holdSeconds);
    if (events.length === 0) {
      // Nobody else held any, and none was given back since.
      if (wasAlone) return isSure;
      // What somebody else holds comes back later, and may be about the agent.
      if ((await queue.held()) > held.size) return false;
    }
    wasAlone = events.length === 0;
    const theirs = events.filter(({ body }) => isAbout(body, scope));
    // One that comes again has a newer receipt.
    for (const event of events) if (!theirs.includes(event)) held.set(event.id, event);
    if (theirs.length === 0) continue;
    const gone = await queue.remove(theirs);
    for (const id of gone) removed.add(id);
    isSure &&= theirs.every(({ id }) => gone.includes(id));
  }
  return false;
}

async function giveBack({ queue, held }: Pass): Promise<true> {
  const events = [...held.values()];
  const batches = Array.from({ length: Math.ceil(events.length / batchSize) }, (_, index) =>
    events.slice(index * batchSize, (index + 1) * batchSize),
  );
  await mapStoreCalls(batches, (batch) => queue.giveBack(batch));
  return true;
}

async function safely(log: Logger, work: Promise<boolean>): Promise<boolean> {
  try {
    return await work;
  } catch (error) {
    log.error('failure_queue_not_read', errorFields(error));
    return false;
  }
}

/** Whether the agent, or somebody of the tenant, has sent it, is to get it or is what it is about. One that can't be read is nobody's. */
function isAbout(body: string, { tenantId, agentId }: Scope): boolean {
  const { tenant, agents } = partiesOf(body);
  return tenant === tenantId && (agentId === undefined || agents.includes(agentId));
}

interface Parties {
  readonly tenant?: unknown;
  readonly agents: readonly unknown[];
}

function partiesOf(body: string): Parties {
  const event = objectIn(body);
  // A message of the publish queue, as its sender wrote it: what else it has are fields of the sender's own.
  if (event.tenant_id !== undefined) {
    const { tenant_id: tenant, agent_id: author, channel_id: channel, to, metadata } = event;
    // DIR-3
    const named = channel === undefined && isJsonObject(metadata) ? metadata.to : undefined;
    return { tenant, agents: [author, to ?? named] };
  }
  // Otherwise Lambda's record of the event of a function: an order, or the push of an inbox.
  const payload = isJsonObject(event.requestPayload) ? event.requestPayload : {};
  return { tenant: payload.tenant_id ?? payload.tenant, agents: [payload.agent_id, payload.agent] };
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
