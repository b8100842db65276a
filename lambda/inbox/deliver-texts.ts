/**
 * The delivery of an inbox at level 0: one text message after another, to a connection that may still be opening.
 */
import { messageText } from '../../protocol/index';
import { isWorthRetrying } from '../shared/delivery-outcome';
import { openingGraceMs } from '../agents/probe-connection';
import type { Clock, ConnectionSender } from '../shared/ports';
import type { Deliver } from './push-inbox';
import type { RetryingSender } from '../delivery/retrying-sender';

/** Between two questions whether the connection is open; between two posts that are answered 410 the first pause. */
const pauseMs = 100;
/** For a client that reads slowly, and for a throttled account. */
const patienceMs = 1_000;

export interface TextTarget {
  readonly connectionId: string;
  /** Epoch milliseconds; nothing is posted past it. */
  readonly expiresAt: number;
}

/** The push begins while the handshake is still under way; a 410 means nothing until that must be over. */
export function deliverTexts(
  sender: RetryingSender,
  status: Pick<ConnectionSender, 'status'>,
  clock: Clock,
  { connectionId, expiresAt }: TextTarget,
): Deliver {
  const openBy = clock.monotonic() + openingGraceMs;
  let isOpen = false;

  const waitUntilOpen = async (): Promise<boolean> => {
    while (!isOpen) {
      isOpen = (await status.status(connectionId)) === 'open';
      if (isOpen) break;
      if (clock.monotonic() >= openBy) return false;
      await clock.sleep(pauseMs);
    }
    return true;
  };

  const deliverOne = async (text: string, hasTime: () => boolean): Promise<boolean> => {
    let openingMs = pauseMs;
    while (hasTime() && clock.now() < expiresAt) {
      const outcome = await sender.post(connectionId, text);
      if (outcome === 'delivered') return true;
      const isOpening = outcome === 'gone' && clock.monotonic() < openBy;
      if (!isOpening && !isWorthRetrying(outcome)) return false;
      await clock.sleep(isOpening ? openingMs : patienceMs);
      // What was open and says 410 has more likely left than not opened yet.
      if (isOpening) openingMs = Math.min(2 * openingMs, patienceMs);
    }
    return false;
  };

  return async (messages, hasTime) => {
    if (!(await waitUntilOpen())) return 0;
    let taken = 0;
    for (const { message } of messages) {
      if (!(await deliverOne(messageText(message), hasTime))) return taken;
      taken += 1;
    }
    return taken;
  };
}
