/**
 * Messages on their way out: what a receiver of each level is posted, and in how many posts.
 */
import { limits, pack } from '../../protocol/index';

/** One message as it goes out, and what decides who gets it. */
export interface Outgoing {
  /** As a connection of this level reads it. */
  readonly textFor: (level: number) => string;
  /** Done when the sender's ACK has been posted: its own echo comes after it. */
  readonly acknowledged: Promise<void>;
  /** `echo` of the frame; `undefined` leaves it to the connection. */
  readonly echo: boolean | undefined;
  /** Of a request: from then on it is not posted, epoch milliseconds. */
  readonly expiresAt?: number | undefined;
}

/** One post: a message, or at level 1 an array of several. */
export interface Unit {
  readonly text: string;
  readonly messages: number;
}

/** The same for every receiver of a level, so made once. */
export function unitsByLevel(messages: readonly Outgoing[]): (level: number) => readonly Unit[] {
  const made = new Map<number, readonly Unit[]>();
  return (level) => {
    const units = made.get(level) ?? toUnits(messages, level);
    made.set(level, units);
    return units;
  };
}

/** At level 1 a burst goes out as one array, which is billed as one message per 32 KB. */
export function toUnits(messages: readonly Outgoing[], level: number): readonly Unit[] {
  const texts = messages.map((message) => message.textFor(level));
  if (level === 0) return texts.map((text) => ({ text, messages: 1 }));
  return pack(texts, limits.frameBytes).map((group) => ({
    text: group.length === 1 ? group.join() : `[${group.join()}]`,
    messages: group.length,
  }));
}

export function messagesIn(units: readonly Unit[]): number {
  return units.reduce((sum, unit) => sum + unit.messages, 0);
}
