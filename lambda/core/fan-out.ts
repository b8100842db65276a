/**
 * Sends messages to the connections that are to get them. One bad receiver never hurts another, nor the sender.
 */
import type { Deadline } from './deadline';
import type { DeliveryOutcome } from './delivery';
import { eachConcurrently } from './each-concurrently';
import { type GoneDependencies, handleGone } from './gone';
import type { Log, Subscription } from './ports';
import type { RetryingSender } from './retrying-sender';

export interface FanOutDependencies extends GoneDependencies {
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

/** Posts in flight at once: what one function's sockets carry. */
export const postsAtOnce = 200;

export type FanOutCounts = Partial<Record<DeliveryOutcome | 'late', number>>;

/**
 * Each receiver gets the messages in their order, one after another; receivers are served side by side. What can't be
 * sent before the deadline is counted as `late` and not sent: the function must not be cut off in the middle.
 */
export async function fanOut(
  deps: FanOutDependencies,
  sender: RetryingSender,
  target: FanOutTarget,
  messages: readonly Outgoing[],
  receivers: AsyncIterable<readonly Receiver[]>,
  deadline: Deadline,
): Promise<FanOutCounts> {
  const counts: FanOutCounts = {};
  const count = (outcome: DeliveryOutcome | 'late'): void => {
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  };

  const deliver = async (receiver: Receiver): Promise<void> => {
    if (receiver.expiresAt <= deps.clock.now()) return;
    const isSender = receiver.connectionId === target.senderConnectionId;
    for (const message of messages) {
      if (isSender) {
        if (!(message.echo ?? receiver.echo)) continue;
        await message.acknowledged;
      }
      if (deadline.hasPassed) {
        count('late');
        continue;
      }
      const outcome = await sender.post(receiver.connectionId, message.text);
      if (outcome !== 'gone') {
        count(outcome);
        continue;
      }
      const post = async () =>
        (await sender.post(receiver.connectionId, message.text)) === 'delivered'
          ? 'delivered'
          : 'not-delivered';
      const { connectionId, agentId } = receiver;
      const channels = target.channelId === undefined ? [] : [target.channelId];
      const identity = { connectionId, tenantId: target.tenantId, agentId, channels };
      const handled = await handleGone(deps, identity, deadline, post);
      count(handled === 'delivered' ? 'delivered' : 'gone');
      // Whatever comes next for this connection would only ask the same questions again.
      if (handled !== 'delivered') return;
    }
  };

  const deliverSafely = async (receiver: Receiver): Promise<void> => {
    try {
      await deliver(receiver);
    } catch (error) {
      count('failed');
      deps.log.error('delivery_failed', {
        connection_id: receiver.connectionId,
        tenant_id: target.tenantId,
        error: error instanceof Error ? error.name : 'unknown',
      });
    }
  };

  await eachConcurrently(receivers, postsAtOnce, deliverSafely);
  return counts;
}
