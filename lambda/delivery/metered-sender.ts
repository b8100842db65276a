/** Counts the messages that connections have taken. */
import type { DeliveryOutcome } from '../shared/delivery-outcome';
import type { ConnectionSender } from '../shared/ports';
import type { WorkMeter } from '../shared/work-meter';

export class MeteredSender implements ConnectionSender {
  constructor(
    private readonly sender: ConnectionSender,
    private readonly work: WorkMeter,
  ) {}

  async post(
    connectionId: string,
    text: string,
    timeoutMs: number,
    waitMs?: number,
  ): Promise<DeliveryOutcome> {
    const outcome = await this.sender.post(connectionId, text, timeoutMs, waitMs);
    if (outcome === 'delivered') this.work.message(text);
    return outcome;
  }

  status(connectionId: string): Promise<'open' | 'gone' | 'unknown'> {
    return this.sender.status(connectionId);
  }
}
