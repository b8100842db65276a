/**
 * The events of one text message that leave the bus: messages of listed channels, and agents that sleep and have mail. They cost no
 * ACK: they are sent beside the deliveries.
 */
import type { BusEvent } from '../shared/ports';
import { matchesPrefix } from '../../protocol/index';
import { wake, type WakeDependencies } from '../agents/wake';
import type { AgentName } from '../shared/stores/agent-store';
import type { Deadline } from '../shared/deadline';
import type { Accepted } from './accept';
import type { Destination } from './route-frame';

export interface MessageEventDependencies extends WakeDependencies {
  /** Names, or prefixes that end in `*`. */
  readonly eventChannels?: readonly string[] | undefined;
}

/** Three calls, one after another: a claim, the event, what comes of it. */
const wakeMs = 2_000;

export class MessageEvents {
  private readonly published: BusEvent[] = [];
  private readonly sleepers = new Map<string, AgentName>();

  constructor(
    private readonly deps: MessageEventDependencies,
    private readonly tenantId: string,
  ) {}

  add(destination: Destination, { position, outgoing, isDuplicate, isWakeDue }: Accepted): void {
    if (this.deps.events === undefined) return;
    if (destination.kind === 'agent') {
      const { agentId } = destination;
      if (isWakeDue) this.sleepers.set(agentId, { tenantId: this.tenantId, agentId });
    } else if (position !== undefined && !isDuplicate && this.isListed(destination.channelId)) {
      this.published.push({ type: 'message.published', detail: outgoing.textFor(1) });
    }
  }

  /** Never throws. */
  async send(deadline: Deadline): Promise<void> {
    if (this.published.length === 0 && this.sleepers.size === 0) return;
    await Promise.all([
      this.published.length > 0 && this.deps.events?.send(this.published),
      // Without time it is the sweep's, or the next message's.
      deadline.remainingMs >= wakeMs && wake(this.deps, [...this.sleepers.values()]),
    ]);
  }

  private isListed(channelId: string): boolean {
    return this.deps.eventChannels?.some((pattern) => matchesPrefix(pattern, channelId)) === true;
  }
}
