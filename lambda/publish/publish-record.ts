/**
 * What the log lines of a text message say of its accepted messages, so that an operator finds the line of an id or of a
 * sequence. Never content.
 */
import type { LogFields } from '../shared/ports';
import type { Accepted } from './accept';
import type { Destination } from './route-frame';

/** As many as a batch has frames. */
const maxIds = 25;

interface Entry {
  readonly destination: Destination;
  readonly ids: string[];
  readonly sequences: number[];
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
      stored: 0,
      messages: 0,
    };
    this.entries.set(key, entry);
    if (entry.ids.length < maxIds) entry.ids.push(messageId);
    if (isDuplicate) return; // Its sequence is that of an earlier line.
    entry.messages += 1;
    if (isStored) entry.stored += 1;
    if (position !== undefined) entry.sequences.push(position.sequence);
  }

  /** One for each channel or agent, in the order of the frames. */
  get fields(): readonly LogFields[] {
    return [...this.entries.values()].map(({ destination, ids, sequences, messages, stored }) => ({
      ...(destination.kind === 'channel'
        ? { channel_id: destination.channelId }
        : { to: destination.agentId, stored: stored || undefined }),
      messages,
      first_sequence: sequences[0],
      last_sequence: sequences.at(-1),
      ids,
    }));
  }
}
