/**
 * The accepted messages of one text message on their way to their receivers. Messages of one channel or agent are delivered
 * together, so the receivers are read once for all of them.
 */
import { fanOut, type FanOutCounts, type FanOutDependencies, type Receiver } from '../delivery/fan-out';
import type { Outgoing } from '../delivery/outgoing';
import type { RetryingSender } from '../delivery/retrying-sender';
import { type HandOverDependencies, splitToWorkers } from '../delivery/wide-channel';
import type { MissedMessage } from '../shared/stores/agent-store';
import type { Caller } from '../shared/caller';
import type { Deadline } from '../shared/deadline';
import { errorFields } from '../shared/error-fields';
import type { Accepted } from './accept';
import { deliverDirect } from './deliver-direct';
import type { DailyQuotas } from './rates/daily-quotas';
import type { Destination } from './route-frame';

export type DeliveryDependencies = FanOutDependencies &
  HandOverDependencies & { readonly daily?: DailyQuotas | undefined };

interface Delivery {
  readonly destination: Destination;
  readonly messages: Outgoing[];
  isDurable: boolean;
  receivers: readonly Receiver[];
  missedIfUndelivered: MissedMessage | undefined;
}

export class Deliveries {
  /** Outcomes of the posts so far, by destination. */
  private readonly outcomes = new Map<string, FanOutCounts>();
  private readonly waiting = new Map<string, Delivery>();

  constructor(
    private readonly deps: DeliveryDependencies,
    private readonly sender: RetryingSender,
    private readonly caller: Caller,
    private readonly deadline: Deadline,
  ) {}

  add(destination: Destination, accepted: Accepted, message: Outgoing): void {
    const key = keyOf(destination);
    const delivery: Delivery = this.waiting.get(key) ?? {
      destination,
      messages: [],
      isDurable: false,
      receivers: [],
      missedIfUndelivered: undefined,
    };
    delivery.messages.push(message);
    delivery.isDurable ||= accepted.position !== undefined;
    delivery.receivers = accepted.receivers ?? delivery.receivers;
    delivery.missedIfUndelivered ??= accepted.missedIfUndelivered;
    this.waiting.set(key, delivery);
  }

  countsOf(destination: Destination): FanOutCounts {
    return this.outcomes.get(keyOf(destination)) ?? {};
  }

  isWaitingFor(channelId: string): boolean {
    return this.waiting.has(keyOf({ kind: 'channel', channelId }));
  }

  /** Ends before a later message of the channel can be delivered, which keeps the order (BAT-2). */
  async deliverChannel(channelId: string): Promise<void> {
    await this.deliver(keyOf({ kind: 'channel', channelId }));
  }

  /** Never rejects. The caller flushes the replies first: the copy for the sender waits for its ACK (ACK-5). */
  async deliverAll(): Promise<void> {
    await Promise.all([...this.waiting.keys()].map((key) => this.deliver(key)));
    await this.deps.daily?.report(this.caller.tenantId);
  }

  private async deliver(key: string): Promise<void> {
    const delivery = this.waiting.get(key);
    if (delivery === undefined) return;
    this.waiting.delete(key);
    const { tenantId: tenant_id, connectionId: connection_id } = this.caller;
    try {
      for (const counts of await this.post(delivery)) this.addCounts(key, counts);
    } catch (error) {
      // The messages are in the log: a receiver that got no post finds the gap by the sequence.
      this.deps.log.error('fan_out_failed', { connection_id, tenant_id, ...errorFields(error) });
      this.addCounts(key, { uncounted: 1 });
    }
  }

  private async post(delivery: Delivery): Promise<readonly FanOutCounts[]> {
    const { deps, sender, caller, deadline } = this;
    const { destination, messages, isDurable } = delivery;
    if (destination.kind === 'agent') return deliverDirect(deps, sender, caller, delivery, deadline);
    const { tenantId, connectionId: senderConnectionId } = caller;
    const { channelId } = destination;
    const target = { tenantId, channelId, senderConnectionId };
    // MSG-3
    const pages = deps.connections.subscribers(tenantId, channelId, isDurable);
    const handedOver: FanOutCounts = {};
    const own = splitToWorkers(deps, target, messages, pages, deadline, handedOver);
    return [(await fanOut(deps, sender, target, messages, own, deadline)).counts, handedOver];
  }

  private addCounts(key: string, counts: FanOutCounts): void {
    const { delivered = 0, handed = 0 } = counts;
    this.deps.daily?.add(this.caller.tenantId, { deliveries: delivered + handed });
    const sums: FanOutCounts = this.outcomes.get(key) ?? {};
    this.outcomes.set(key, sums);
    for (const [outcome, n] of Object.entries(counts) as [keyof FanOutCounts, number][]) {
      sums[outcome] = (sums[outcome] ?? 0) + n;
    }
  }
}

function keyOf(destination: Destination): string {
  return destination.kind === 'channel' ? `channel/${destination.channelId}` : `agent/${destination.agentId}`;
}
