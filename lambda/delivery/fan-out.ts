/**
 * Posts messages to their receivers. A failing receiver delays neither the others nor the sender (MSG-9).
 */
import { type GoneDependencies, probeConnection } from '../agents/probe-connection';
import type { Subscription } from '../shared/stores/connection-store';
import type { Deadline } from '../shared/deadline';
import type { DeliveryOutcome } from '../shared/delivery-outcome';
import { eachConcurrently } from '../shared/each-concurrently';
import { errorFields } from '../shared/error-fields';
import type { ConnectionSender, LogFields, Logger } from '../shared/ports';
import { messagesIn, type Outgoing, toUnits, type Unit, unitsByLevel } from './outgoing';
import type { RetryingSender } from './retrying-sender';

export interface FanOutDependencies extends GoneDependencies {
  readonly sender: ConnectionSender;
  readonly log: Logger;
}

/** A connection that gets the messages. */
export type Receiver = Subscription;

export interface FanOutTarget {
  readonly tenantId: string;
  /** The channel of the subscription rows; absent for direct messages. */
  readonly channelId: string | undefined;
  readonly senderConnectionId: string;
}

/** Receivers served in parallel. */
const receiverConcurrency = 200;
/** After an outage thousands may be gone: each publish probes a few, so that others do not wait. */
const maxProbes = 20;
const minProbeMs = 1_000;
const openingPauseMs = 500;

/**
 * `late`: not started, because time was up; `handed`: given to workers, which count their own posts. `uncounted`: fan-outs that
 * broke off, whose posts are in none of the counts.
 */
export type FanOutCounts = Partial<Record<DeliveryOutcome | 'late' | 'handed' | 'uncounted', number>>;

/** For the log: also how many posts a receiver may have missed for another reason than its own end or a throttle. */
export function countFields(counts: FanOutCounts): LogFields {
  const { failed = 0, lost = 0, refused = 0, late = 0 } = counts;
  return { ...counts, undelivered: failed + lost + refused + late || undefined };
}

export interface FanOutResult {
  readonly counts: FanOutCounts;
  /** Connections that got every message meant for them. */
  readonly served: ReadonlySet<string>;
}

/**
 * Each receiver gets the messages in order, one after another; receivers are served in parallel. What can't be sent before
 * the deadline is counted as `late` and not sent, so that the function is not cut off during a post. Receivers that seem to
 * be gone are probed after all others are served. Throws what the pages throw.
 */
export async function fanOut(
  deps: FanOutDependencies,
  sender: RetryingSender,
  target: FanOutTarget,
  messages: readonly Outgoing[],
  receivers: AsyncIterable<readonly Receiver[]>,
  deadline: Deadline,
): Promise<FanOutResult> {
  const run = new FanOut(deps, sender, target, messages);
  try {
    await eachConcurrently(receivers, receiverConcurrency, (receiver) => run.serve(receiver));
  } finally {
    await run.probeSuspects(deadline);
  }
  return run;
}

/** A receiver that answered 410 or not at all, and the posts that it has not got. */
interface Suspect {
  readonly receiver: Receiver;
  readonly unsent: readonly Unit[];
}

class FanOut implements FanOutResult {
  readonly counts: FanOutCounts = {};
  readonly served = new Set<string>();
  private readonly suspects: Suspect[] = [];
  private readonly unitsFor: (level: number) => readonly Unit[];

  constructor(
    private readonly deps: FanOutDependencies,
    private readonly sender: RetryingSender,
    private readonly target: FanOutTarget,
    private readonly messages: readonly Outgoing[],
  ) {
    this.unitsFor = unitsByLevel(messages);
  }

  async serve(receiver: Receiver): Promise<void> {
    // TOK-7
    if (receiver.expiresAt <= this.deps.clock.now()) return;
    this.served.add(receiver.connectionId);
    const suspect = await this.post(receiver, await this.unitsOf(receiver));
    if (suspect !== undefined) this.suspects.push(suspect);
  }

  async probeSuspects(deadline: Deadline): Promise<void> {
    const hasTime = deadline.remainingMs >= minProbeMs;
    const probed = hasTime ? this.suspects.slice(0, maxProbes) : [];
    for (const { receiver, unsent } of this.suspects.slice(probed.length))
      this.count(receiver, 'gone', messagesIn(unsent));
    await Promise.all(probed.map((suspect) => this.probe(suspect)));
  }

  private async unitsOf(receiver: Receiver): Promise<readonly Unit[]> {
    if (receiver.connectionId !== this.target.senderConnectionId) return this.unitsFor(receiver.level);
    const echoed = this.messages.filter((message) => message.echo ?? receiver.echo); // MSG-4
    await Promise.all(echoed.map((message) => message.acknowledged)); // ACK-5
    return toUnits(echoed, receiver.level);
  }

  private async post(receiver: Receiver, units: readonly Unit[]): Promise<Suspect | undefined> {
    for (const [index, unit] of units.entries()) {
      const outcome = await this.sender.postInTime(receiver.connectionId, unit.text);
      if (outcome === 'gone') return { receiver, unsent: units.slice(index) };
      this.count(receiver, outcome, unit.messages);
      // It may have been delivered. The next post would wait for its timeout too.
      if (outcome === 'lost') return { receiver, unsent: units.slice(index + 1) };
    }
    return undefined;
  }

  private async probe({ receiver, unsent }: Suspect): Promise<void> {
    const { connectionId, agentId } = receiver;
    const { tenantId, channelId } = this.target;
    const channels = channelId === undefined ? [] : [channelId];
    let left = unsent;
    try {
      const state = await probeConnection(this.deps, { connectionId, tenantId, agentId, channels });
      if (state === 'opening') await this.deps.clock.sleep(openingPauseMs);
      if (state !== 'removed') {
        const again = await this.post(receiver, unsent);
        if (again === undefined) return;
        left = again.unsent;
      }
    } catch (error) {
      this.deps.log.error('examination_failed', { connection_id: connectionId, ...errorFields(error) });
    }
    this.count(receiver, 'gone', messagesIn(left));
  }

  private count({ connectionId }: Receiver, outcome: DeliveryOutcome | 'late', posted: number): void {
    if (posted === 0) return;
    this.counts[outcome] = (this.counts[outcome] ?? 0) + posted;
    if (outcome !== 'delivered') this.served.delete(connectionId);
  }
}
