/**
 * Answers of the service to control frames, as this client reads them.
 */
import { isPosition, type Position } from './cursor';
import { type Frame, type Message, numeric, readMessage, text } from './messages';
import type { Range } from './feed';

/** Asks the service; gives what `read` makes of the parts of its answer. */
export type Ask = <T>(frame: Frame, read: (parts: readonly Frame[]) => T, signal?: AbortSignal) => Promise<T>;

/** Where a channel stands. */
export interface ChannelState {
  readonly channelId: string;
  /** Absent when the channel may not be read. */
  readonly head: Position | undefined;
  /** `true` or `false` when a position was given. */
  readonly recovered: unknown;
  readonly reason: string | undefined;
  /** Of the inbox: the sequence before its replay. */
  readonly from: number | undefined;
}

/** Sequences that the log can't give any more. */
export interface LogGap extends Range {
  readonly reason: string;
}

export interface HistoryPage {
  readonly head: Position;
  readonly messages: readonly Message[];
  readonly gaps: readonly LogGap[];
  /** Where to go on; absent at the end. */
  readonly next: Position | undefined;
}

export function readState(frame: Frame): ChannelState {
  return {
    channelId: String(frame.channel_id),
    head: isPosition(frame) ? { epoch: frame.epoch, sequence: frame.sequence } : undefined,
    recovered: frame.recovered,
    reason: text(frame.reason),
    from: numeric(frame.from),
  };
}

export function readGaps({ gaps }: Frame): readonly LogGap[] {
  return list(gaps) as unknown as readonly LogGap[];
}

/** The parts of one answer, put together. */
export function readHistory(parts: readonly Frame[]): HistoryPage {
  const last = parts.at(-1) ?? {};
  const { epoch, sequence, next } = last;
  return {
    head: { epoch: String(epoch), sequence: Number(sequence) },
    messages: parts.flatMap(({ messages }) => list(messages)).map(readMessage),
    gaps: parts.flatMap(readGaps),
    next: isPosition(next) ? { epoch: next.epoch, sequence: next.sequence } : undefined,
  };
}

export function list(value: unknown): readonly Frame[] {
  return Array.isArray(value) ? (value as Frame[]) : [];
}
