/**
 * Sends messages to the connections that are to get them. One bad receiver never hurts another, nor the sender.
 */
import type { Deadline } from '../shared/deadline';
import type { DeliveryOutcome } from '../shared/delivery-outcome';
import { eachConcurrently } from '../shared/each-concurrently';
import { errorFields } from '../shared/error-fields';
import { probeConnection, type GoneDependencies } from '../agents/probe-connection';
import type { Subscription } from '../shared/connection-store';
import type { ConnectionSender, Logger } from '../shared/ports';
import { messagesIn, type Outgoing, toUnits, type Unit, unitsByLevel } from './outgoing';
import type { RetryingSender } from './retrying-sender';

export interface FanOutDependencies extends GoneDependencies {
  readonly sender: ConnectionSender;
  readonly log: Logger;
}

/** A connection that is to get messages. */
export type Receiver = Subscription;

export interface FanOutTarget {
  readonly tenantId: string;
  /** The channel whose subscription row led here; absent for direct messages. */
  readonly channelId: string | undefined;
  readonly senderConnectionId: string;
}

/** Receivers served side by side. */
const receiverConcurrency = 200;

/** After an outage there may be thousands: each publish buries a few, so that the living don't wait for it. */
const probeConcurrency = 20;
const minProbeMs = 1_000;
const openingPauseMs = 500;

/** `late`: not begun, for want of time; `handed`: given to workers, who count for themselves. */
export type FanOutCounts = Partial<Record<DeliveryOutcome | 'late' | 'handed', number>>;

export interface FanOutResult {
  readonly counts: FanOutCounts;
  /** Connections that took every message, or want none of them. */
  readonly served: ReadonlySet<string>;
}

/** A receiver that answered 410 or nothing, and what it has not got yet. */
interface Suspect {
  readonly receiver: Receiver;
  readonly unsent: readonly Unit[];
}

/**
 * Each receiver gets the messages in their order, one after another; receivers are served side by side. What can't be
 * sent before the deadline is counted as `late` and not sent: the function must not be cut off in the middle. Those
 * that seem to be gone are looked into when all others have been served. Throws what the pages throw.
 */
export async function fanOut(
  deps: FanOutDependencies,
  sender: RetryingSender,
  target: FanOutTarget,
  messages: readonly Outgoing[],
  receivers: AsyncIterable<readonly Receiver[]>,
  deadline: Deadline,
): Promise<FanOutResult> {
  const counts: FanOutCounts = {};
  const served = new Set<string>();
  const count = ({ connectionId }: Receiver, outcome: DeliveryOutcome | 'late', posted: number): void => {
    if (posted === 0) return;
    counts[outcome] = (counts[outcome] ?? 0) + posted;
    if (outcome !== 'delivered') served.delete(connectionId);
  };
  const unitsFor = unitsByLevel(messages);

  const deliver = async (receiver: Receiver, units: readonly Unit[]): Promise<Suspect | undefined> => {
    for (const [index, unit] of units.entries()) {
      const outcome = await sender.postInTime(receiver.connectionId, unit.text);
      if (outcome === 'gone') return { receiver, unsent: units.slice(index) };
      count(receiver, outcome, unit.messages);
      // It may have got this one; the next would only hang as well.
      if (outcome === 'lost') return { receiver, unsent: units.slice(index + 1) };
    }
    return undefined;
  };

  const unitsOf = async (receiver: Receiver): Promise<readonly Unit[]> => {
    if (receiver.connectionId !== target.senderConnectionId) return unitsFor(receiver.level);
    const heard = messages.filter((message) => message.echo ?? receiver.echo);
    await Promise.all(heard.map((message) => message.acknowledged));
    return toUnits(heard, receiver.level);
  };

  const suspects: Suspect[] = [];
  const serve = async (receiver: Receiver): Promise<void> => {
    if (receiver.expiresAt <= deps.clock.now()) return;
    served.add(receiver.connectionId);
    const suspect = await deliver(receiver, await unitsOf(receiver));
    if (suspect !== undefined) suspects.push(suspect);
  };

  const probeConnections = async ({ receiver, unsent: left }: Suspect): Promise<void> => {
    const { connectionId, agentId } = receiver;
    const channels = target.channelId === undefined ? [] : [target.channelId];
    try {
      const found = await probeConnection(deps, {
        connectionId,
        tenantId: target.tenantId,
        agentId,
        channels,
      });
      if (found === 'opening') await deps.clock.sleep(openingPauseMs);
      if (found !== 'removed' && (await deliver(receiver, left)) === undefined) return;
    } catch (error) {
      deps.log.error('examination_failed', { connection_id: connectionId, ...errorFields(error) });
    }
    count(receiver, 'gone', messagesIn(left));
  };

  try {
    await eachConcurrently(receivers, receiverConcurrency, serve);
  } finally {
    const isTime = deadline.remainingMs >= minProbeMs;
    const examined = isTime ? suspects.slice(0, probeConcurrency) : [];
    for (const { receiver, unsent: left } of suspects.slice(examined.length))
      count(receiver, 'gone', messagesIn(left));
    await Promise.all(examined.map(probeConnections));
  }
  return { counts, served };
}
