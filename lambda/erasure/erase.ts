/**
 * Erases an agent or a tenant: first nobody writes any more, then the messages go, log by log, then the agents, then what is about
 * them in the failure queue. What is erased is skipped by a second run, so that an order can be given again at any time.
 */
import { closeConnections, type CloseSummary } from '../revocation/close-connections';
import { revoke, type RevokeDependencies } from '../revocation/revoke';
import type { ChannelDirectory } from '../shared/stores/channel-directory';
import type { Deadline } from '../shared/deadline';
import { mapStoreCalls } from '../shared/each-concurrently';
import type { ErasureStore } from '../shared/stores/erasure-store';
import { channelSubject, inboxSubject, observerId } from '../shared/subjects';
import { type ErasureCounts, erasureLists, type ErasureOrder, type ErasurePlace } from './erasure-order';
import { eraseFailedEvents, type FailedEventDependencies } from './failed-events';

/** A queue has no place to go on from: all of it is for one invocation, which begins it with so much time. */
const failuresMs = 60_000;

export interface EraseDependencies extends RevokeDependencies, FailedEventDependencies {
  readonly erasure: ErasureStore;
  readonly directory: ChannelDirectory;
}

export interface Erased {
  readonly counts: ErasureCounts;
  /** Where the next invocation goes on; absent when all is done. */
  readonly place: ErasurePlace | undefined;
  /** Nothing in the failure queue is about the agent or the tenant any more, as far as anybody can know. */
  readonly isQueueClean: boolean;
}

/** Does as much as there is time for. Throws what the stores throw, and when connections can't be closed. */
export async function erase(
  deps: EraseDependencies,
  order: ErasureOrder,
  deadline: Deadline,
): Promise<Erased> {
  const counts = { ...order.counts };
  if (order.place === undefined) {
    const { closed, left } = await stopWriting(deps, order, deadline);
    if (left > 0) throw new Error(`${left} connections could not be closed`);
    counts.closed += closed;
  }
  const run: Run = { deps, order, deadline, counts };
  const place = await eraseFrom(run, order.place ?? { list: 'channels', sequence: 0 });
  if (place !== undefined) return { place, counts, isQueueClean: false };
  const { removed, isComplete } = await eraseFailedEvents(deps, order, deadline);
  counts.failures += removed;
  return { place, counts, isQueueClean: isComplete };
}

/** Each id of it has a log. */
type LogList = Exclude<ErasurePlace['list'], 'failures'>;

interface Run {
  readonly deps: EraseDependencies;
  readonly order: ErasureOrder;
  readonly deadline: Deadline;
  readonly counts: { -readonly [Name in keyof ErasureCounts]: number };
}

/** Clients that are only kicked come back at once, and write. */
async function stopWriting(
  deps: EraseDependencies,
  { tenantId, agentId }: ErasureOrder,
  deadline: Deadline,
): Promise<CloseSummary> {
  const scope = { tenantId, agentId, tokenId: undefined };
  const now = deps.clock.now();
  const token = { tenantId, agentId: agentId ?? '', tokenId: undefined, tokenIssuedAt: now };
  // A block would end with a revocation that takes its place.
  if (await deps.revocations.isRevoked(token))
    return closeConnections(deps, scope, 'revoked', () => true, deadline);
  return revoke(deps, { ...scope, action: 'revoke', issuedUpTo: now }, deadline);
}

/** `undefined`: only the failure queue is left, and there is time for it. */
async function eraseFrom(run: Run, from: ErasurePlace): Promise<ErasurePlace | undefined> {
  let place = from;
  for (const list of erasureLists.slice(erasureLists.indexOf(from.list))) {
    if (list !== place.list) place = { list, sequence: 0 };
    if (list === 'failures') return run.deadline.remainingMs < failuresMs ? place : undefined;
    for await (const ids of idsIn(run, list, place.after)) {
      for (const id of ids) {
        const stoppedAt = await eraseLog(run, list, id, place.within === id ? place.sequence : 0);
        if (stoppedAt !== undefined) return { list, after: place.after, within: id, sequence: stoppedAt };
        await finish(run, list, id);
        place = { list, after: id, sequence: 0 };
      }
    }
  }
  return undefined;
}

function idsIn(
  { deps, order: { tenantId, agentId } }: Run,
  list: LogList,
  after: string | undefined,
): AsyncIterable<readonly string[]> | readonly (readonly string[])[] {
  if (list === 'channels') return deps.directory.channels(tenantId, after, true);
  if (agentId === undefined) return list === 'inboxes' ? [] : deps.erasure.agentIds(tenantId, after);
  return list === 'inboxes' ? deps.erasure.agentIds(tenantId, after) : [[agentId, observerId(agentId)]];
}

/** The sequence up to which it came, when its time is over; `undefined` when the log is done. */
async function eraseLog(
  { deps, order, deadline, counts }: Run,
  list: LogList,
  id: string,
  from: number,
): Promise<number | undefined> {
  const { tenantId } = order;
  const isOver = (): boolean => deadline.hasPassed;
  if (isOver()) return from;
  const subject = list === 'channels' ? channelSubject(tenantId, id) : inboxSubject(tenantId, id);
  // LOG-4: an inbox is its agent's, from all senders.
  const sender = list === 'agents' ? undefined : order.agentId;
  for await (const { sequences, last } of deps.erasure.messages(subject, from, sender)) {
    const outcomes = await mapStoreCalls(sequences, (sequence) =>
      deps.erasure.eraseMessage(subject, sequence, sender),
    );
    counts.messages += outcomes.filter((isErased) => isErased).length;
    if (isOver()) return last;
  }
  return undefined;
}

/**
 * An agent's item goes after its log: until then a repeated run finds the log. A channel stays in the directory, as publishes rely on
 * the row of their quarter; otherwise no list and no second order would find what comes next.
 */
async function finish({ deps, order, counts }: Run, list: LogList, id: string): Promise<void> {
  if (list === 'channels') counts.channels += 1;
  if (list !== 'agents') return;
  const outcome = await deps.erasure.removeAgent(order.tenantId, id);
  if (outcome === 'removed') counts.agents += 1;
  if (outcome === 'connected') counts.connected += 1;
}
