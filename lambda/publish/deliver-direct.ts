/**
 * Delivers direct messages to the connections of their agent (DIR-1). If every post fails, the first message is recorded as
 * missed, and the next connection gets it and all later ones from the inbox (INB-1).
 */
import type { LiveDependencies } from '../agents/live-connections';
import { fanOut, type FanOutCounts, type FanOutDependencies, type Receiver } from '../delivery/fan-out';
import type { Outgoing } from '../delivery/outgoing';
import type { RetryingSender } from '../delivery/retrying-sender';
import { findReceiversOrRecordMissed } from '../inbox/record-missed';
import type { MissedMessage } from '../shared/stores/agent-store';
import type { Caller } from '../shared/caller';
import type { Deadline } from '../shared/deadline';
import { onePage } from '../shared/each-concurrently';
import { toReceiver } from './accept';

/** Connections that open during a round are tried in the next one. */
const maxRounds = 3;

export interface DirectDelivery {
  readonly messages: readonly Outgoing[];
  /** The connections when the last message was accepted. */
  readonly receivers: readonly Receiver[];
  /** The first message that is in the inbox and not yet recorded as missed. */
  readonly missedIfUndelivered: MissedMessage | undefined;
}

/** Throws what the stores throw. The messages are in the inbox in any case. */
export async function deliverDirect(
  deps: FanOutDependencies & LiveDependencies,
  sender: RetryingSender,
  caller: Caller,
  { messages, receivers, missedIfUndelivered }: DirectDelivery,
  deadline: Deadline,
): Promise<FanOutCounts[]> {
  const target = { tenantId: caller.tenantId, channelId: undefined, senderConnectionId: caller.connectionId };
  const tried = new Set<string>();
  const countsOfRounds: FanOutCounts[] = [];
  let batch = receivers;
  for (let round = 1; ; round++) {
    const now = deps.clock.now();
    const unexpired = messages.filter(({ expiresAt = Infinity }) => expiresAt > now); // REQ-4
    const { counts, served } = await fanOut(deps, sender, target, unexpired, onePage(batch), deadline);
    countsOfRounds.push(counts);
    if (missedIfUndelivered === undefined || served.size > 0) return countsOfRounds;
    for (const { connectionId } of batch) tried.add(connectionId);
    // The agent had connections: the sweep tells whether it sleeps.
    const { connections: found } = await findReceiversOrRecordMissed(
      deps,
      missedIfUndelivered,
      tried,
      deadline,
      round < maxRounds ? undefined : 0,
    );
    if (found.length === 0) return countsOfRounds;
    batch = found.map((connection) => toReceiver(connection, caller));
  }
}
