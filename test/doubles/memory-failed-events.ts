/** A failure queue in memory, with the same duties as the one over SQS. For tests. */
import type { FailedEvent, FailedEvents } from '../../lambda/shared/stores/failed-events';
import type { Clock } from '../../lambda/shared/ports';

interface Kept {
  readonly id: string;
  readonly body: string;
  receives: number;
  /** Epoch milliseconds. */
  heldUntil: number;
}

const batchSize = 10;

export class MemoryFailedEvents implements FailedEvents {
  receives = 0;
  private readonly kept = new Map<string, Kept>();
  private ids = 0;

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /** Gives the id. */
  add(body: string | object): string {
    const id = `event-${String((this.ids += 1))}`;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.kept.set(id, { id, body: text, receives: 0, heldUntil: 0 });
    return id;
  }

  get bodies(): string[] {
    return [...this.kept.values()].map(({ body }) => body);
  }

  receive(seconds: number): Promise<readonly FailedEvent[]> {
    this.receives += 1;
    const now = this.clock.now();
    const free = [...this.kept.values()].filter(({ heldUntil }) => heldUntil <= now).slice(0, batchSize);
    return Promise.resolve(
      free.map((event) => {
        event.receives += 1;
        event.heldUntil = now + seconds * 1_000;
        return { id: event.id, receipt: receiptOf(event), body: event.body };
      }),
    );
  }

  remove(events: readonly FailedEvent[]): Promise<readonly string[]> {
    for (const event of events) if (this.hasReceipt(event)) this.kept.delete(event.id);
    return Promise.resolve(events.map(({ id }) => id));
  }

  giveBack(events: readonly FailedEvent[]): Promise<void> {
    for (const event of events) {
      const kept = this.kept.get(event.id);
      if (kept !== undefined && this.hasReceipt(event)) kept.heldUntil = 0;
    }
    return Promise.resolve();
  }

  held(): Promise<number> {
    const now = this.clock.now();
    return Promise.resolve([...this.kept.values()].filter(({ heldUntil }) => heldUntil > now).length);
  }

  private hasReceipt({ id, receipt }: FailedEvent): boolean {
    const kept = this.kept.get(id);
    return kept !== undefined && receiptOf(kept) === receipt;
  }
}

function receiptOf({ id, receives }: Kept): string {
  return `${id}.${String(receives)}`;
}
