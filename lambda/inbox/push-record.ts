/** Which messages of an inbox a push has posted, for its log line: exactly these, and no others. */
import type { LogFields } from '../shared/ports';
import type { Deliver, InboxMessage } from './push-inbox';

/** An inbox without holes needs one. */
const maxRanges = 50;

export class PushRecord {
  /** First and last sequence of each. */
  private readonly ranges: [number, number][] = [];
  private readonly epochs = new Set<string>();

  watch(deliver: Deliver): Deliver {
    return async (messages, hasTime) => {
      const taken = await deliver(messages, hasTime);
      for (const message of messages.slice(0, taken)) this.add(message);
      return taken;
    };
  }

  get fields(): LogFields {
    if (this.epochs.size !== 1) return {};
    return { epoch: [...this.epochs].join(), pushed: this.ranges.map((range) => range.join('-')) };
  }

  private add({ position: { epoch, sequence } }: InboxMessage): void {
    this.epochs.add(epoch);
    const range = this.ranges.at(-1);
    if (range !== undefined && sequence === range[1] + 1) range[1] = sequence;
    else if (this.ranges.length < maxRanges) this.ranges.push([sequence, sequence]);
  }
}
