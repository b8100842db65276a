/**
 * Direct messages on their way to the connections of their agent. Those that no connection takes are noted as missed.
 */
import { type AcceptDependencies, toReceiver } from './accept';
import type { Caller } from '../shared/caller';
import type { Deadline } from '../shared/deadline';
import { fanOut, type FanOutCounts, type Receiver } from '../delivery/fan-out';
import { findReceiversOrRecordMissed } from '../inbox/record-missed';
import type { Outgoing } from '../delivery/outgoing';
import type { MissedMessage } from '../shared/agent-store';
import type { RetryingSender } from '../delivery/retrying-sender';

/** Connections that come while others are being tried are tried as well, so often. */
const maxRounds = 3;

export interface DirectDelivery {
  readonly messages: readonly Outgoing[];
  /** Who was connected when the last of them was accepted. */
  readonly receivers: readonly Receiver[];
  /** The first of them that is in the inbox and that nobody has noted yet. */
  readonly missedIfUndelivered: MissedMessage | undefined;
}

/** Throws what the stores throw. The messages are in the inbox all the same. */
export async function deliverDirect(
  deps: AcceptDependencies,
  sender: RetryingSender,
  caller: Caller,
  { messages, receivers, missedIfUndelivered: missable }: DirectDelivery,
  deadline: Deadline,
): Promise<FanOutCounts[]> {
  const target = { tenantId: caller.tenantId, channelId: undefined, senderConnectionId: caller.connectionId };
  const tried = new Set<string>();
  const all: FanOutCounts[] = [];
  let batch = receivers;
  for (let round = 1; ; round++) {
    const now = deps.clock.now();
    const wanted = messages.filter(({ expiresAt = Infinity }) => expiresAt > now);
    const { counts, served } = await fanOut(deps, sender, target, wanted, onePage(batch), deadline);
    all.push(counts);
    if (missable === undefined || served.size > 0) return all;
    if (round === maxRounds || deadline.hasPassed) {
      // No time to see who has come: the next connection gets it, whenever it comes.
      await deps.agents.recordMissed(missable, undefined);
      return all;
    }
    for (const { connectionId } of batch) tried.add(connectionId);
    const found = await findReceiversOrRecordMissed(deps, missable, tried, deadline);
    if (found.length === 0) return all;
    batch = found.map((connection) => toReceiver(connection, caller));
  }
}

async function* onePage<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield await Promise.resolve(items);
}
