/**
 * What the log lines of a text message say of its accepted messages, so that an operator finds the line of an id or of a
 * sequence. Never content.
 */
import { countFields } from '../delivery/fan-out';
import type { LogFields } from '../shared/ports';
import type { Accepted } from './accept';
import type { Deliveries } from './deliveries';
import type { Destination } from './route-frame';

/** As many as a batch has frames. */
const maxIds = 25;

interface Entry {
  readonly destination: Destination;
  readonly ids: string[];
  readonly sequences: number[];
  readonly epochs: Set<string>;
  stored: number;
  messages: number;
}

export class PublishRecord {
  private readonly entries = new Map<string, Entry>();

  add(destination: Destination, { messageId, position, isDuplicate, isStored }: Accepted): void {
    const key = JSON.stringify(destination);
    const entry: Entry = this.entries.get(key) ?? {
      destination,
      ids: [],
      sequences: [],
      epochs: new Set(),
      stored: 0,
      messages: 0,
    };
    this.entries.set(key, entry);
    if (entry.ids.length < maxIds) entry.ids.push(messageId);
    if (isDuplicate) return; // Its sequence is that of an earlier line.
    entry.messages += 1;
    if (isStored) entry.stored += 1;
    if (position === undefined) return;
    entry.sequences.push(position.sequence);
    entry.epochs.add(position.epoch);
  }

  /** One for each channel or agent, in the order of the frames, with what came of the posts there. */
  fields(deliveries: Pick<Deliveries, 'countsOf'>): readonly LogFields[] {
    return [...this.entries.values()].map(({ destination, ids, sequences, epochs, messages, stored }) => ({
      ...(destination.kind === 'channel'
        ? { channel_id: destination.channelId }
        : { to: destination.agentId, stored: stored || undefined }),
      messages,
      // A sequence names a message only together with its epoch.
      epoch: epochs.size === 1 ? [...epochs].join() : undefined,
      first_sequence: sequences[0],
      last_sequence: sequences.at(-1),
      sequences: hasHoles(sequences) ? sequences : undefined,
      ids,
      ...countFields(deliveries.countsOf(destination)),
    }));
  }
}

/** Whether messages of others stand between these. */
function hasHoles(sequences: readonly number[]): boolean {
  return (sequences.at(-1) ?? 0) - (sequences[0] ?? 0) >= sequences.length;
}
