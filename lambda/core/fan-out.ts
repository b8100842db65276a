/**
 * Sends messages to the connections that are to get them. One bad receiver never hurts another, nor the sender.
 */
import type { Deadline } from './deadline';
import type { DeliveryOutcome } from './delivery';
import { eachConcurrently } from './each-concurrently';
import { errorFields } from './error-fields';
import { examine, type GoneDependencies } from './gone';
import type { ConnectionSender, Log, Subscription } from './ports';
import type { RetryingSender } from './retrying-sender';

export interface FanOutDependencies extends GoneDependencies {
  readonly sender: ConnectionSender;
  readonly log: Log;
}

/** A connection that is to get messages. */
export type Receiver = Subscription;

/** One message as it goes out, and what decides who gets it. */
export interface Outgoing {
  readonly text: string;
  /** Done when the sender's ACK has been posted: its own echo comes after it. */
  readonly acknowledged: Promise<void>;
  /** `echo` of the frame; `undefined` leaves it to the connection. */
  readonly echo: boolean | undefined;
}

export interface FanOutTarget {
  readonly tenantId: string;
  /** The channel whose subscription row led here; absent for direct messages. */
  readonly channelId: string | undefined;
  readonly senderConnectionId: string;
}

/** Receivers served side by side. */
const receiversAtOnce = 200;

/** After an outage there may be thousands: each publish buries a few, so that the living don't wait for it. */
const examinedAtOnce = 20;
const examinationMs = 1_000;
const openingMs = 500;

export type FanOutCounts = Partial<Record<DeliveryOutcome | 'late', number>>;

export interface FanOutResult {
  readonly counts: FanOutCounts;
  /** Connections that took every message, or want none of them. */
  readonly served: ReadonlySet<string>;
}

/** A receiver that answered 410 or nothing, and what it has not got yet. */
interface Suspect {
  readonly receiver: Receiver;
  readonly left: readonly Outgoing[];
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
  const count = ({ connectionId }: Receiver, outcome: DeliveryOutcome | 'late'): void => {
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    if (outcome !== 'delivered') served.delete(connectionId);
  };

  const deliver = async (receiver: Receiver, batch: readonly Outgoing[]): Promise<Suspect | undefined> => {
    const isSender = receiver.connectionId === target.senderConnectionId;
    for (const [index, message] of batch.entries()) {
      if (isSender) {
        if (!(message.echo ?? receiver.echo)) continue;
        await message.acknowledged;
      }
      if (deadline.hasPassed) {
        count(receiver, 'late');
        continue;
      }
      const outcome = await sender.post(receiver.connectionId, message.text);
      if (outcome === 'gone') return { receiver, left: batch.slice(index) };
      count(receiver, outcome);
      // It may have got this one; the next would only hang as well.
      if (outcome === 'lost') return { receiver, left: batch.slice(index + 1) };
    }
    return undefined;
  };

  const suspects: Suspect[] = [];
  const serve = async (receiver: Receiver): Promise<void> => {
    if (receiver.expiresAt <= deps.clock.now()) return;
    served.add(receiver.connectionId);
    const suspect = await deliver(receiver, messages);
    if (suspect !== undefined) suspects.push(suspect);
  };

  const lookInto = async ({ receiver, left }: Suspect): Promise<void> => {
    const { connectionId, agentId } = receiver;
    const channels = target.channelId === undefined ? [] : [target.channelId];
    try {
      const found = await examine(deps, { connectionId, tenantId: target.tenantId, agentId, channels });
      if (found === 'opening') await deps.clock.sleep(openingMs);
      if (found !== 'removed' && (await deliver(receiver, left)) === undefined) return;
    } catch (error) {
      deps.log.error('examination_failed', { connection_id: connectionId, ...errorFields(error) });
    }
    if (left.length > 0) count(receiver, 'gone');
  };

  try {
    await eachConcurrently(receivers, receiversAtOnce, serve);
  } finally {
    const isTime = deadline.remainingMs >= examinationMs;
    const examined = isTime ? suspects.slice(0, examinedAtOnce) : [];
    for (const { receiver, left } of suspects.slice(examined.length)) {
      if (left.length > 0) count(receiver, 'gone');
    }
    await Promise.all(examined.map(lookInto));
  }
  return { counts, served };
}
