/**
 * Collects what the functions write to the log and lets a test wait for a line.
 * An event that a handler printed as JSON comes back as an object.
 */
import type { GatewayLogEntry } from '../../../gateway';

export class Recorder {
  readonly entries: GatewayLogEntry[] = [];
  private readonly waiting = new Set<() => void>();

  readonly log = (entry: GatewayLogEntry): void => {
    this.entries.push(entry);
    for (const check of [...this.waiting]) check();
  };

  /** The first entry, past or future, that fits. */
  entry(fits: (entry: GatewayLogEntry) => boolean): Promise<GatewayLogEntry> {
    return new Promise((resolve) => {
      const check = (): void => {
        const found = this.entries.find(fits);
        if (found === undefined) return;
        this.waiting.delete(check);
        resolve(found);
      };
      this.waiting.add(check);
      check();
    });
  }

  /** The first entry with this text. */
  async line(text: string): Promise<void> {
    await this.entry((entry) => entry.text.includes(text));
  }

  /** The `count`-th event that a recording handler of this function has printed. */
  async event(logicalId: string, count = 1): Promise<RecordedEvent> {
    await this.entry(() => this.events(logicalId).length >= count);
    return this.events(logicalId)[count - 1]!;
  }

  events(logicalId: string): RecordedEvent[] {
    return this.entries
      .filter((entry) => entry.function === `Test-${logicalId}` && entry.text.startsWith('{'))
      .map((entry) => JSON.parse(entry.text) as RecordedEvent);
  }
}

export interface RecordedEvent {
  [member: string]: unknown;
  headers: Record<string, string>;
  body: string;
  requestContext: Record<string, string | number> & {
    identity: Record<string, string>;
    authorizer: Record<string, string | number>;
  };
}
