/**
 * Answers of the service to control frames, as this client reads them.
 */
import { isPosition, type Position } from '../shared/cursor';
import { type Frame, type Message, numeric, readMessage, text } from '../shared/messages';
import type { Range } from '../reading/feed';

/** Makes something of an answer: its last part, which is mostly the only one, and all of them. */
export type Read<T> = (answer: Frame, parts: readonly Frame[]) => T;

/** Asks the service; gives what `read` makes of the answer. */
export type Ask = <T>(frame: Frame, read: Read<T>, signal?: AbortSignal) => Promise<T>;

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
    head: positionIn(frame),
    recovered: frame.recovered,
    reason: text(frame.reason),
    from: numeric(frame.from),
  };
}

export function readGaps({ gaps }: Frame): readonly LogGap[] {
  return list(gaps) as unknown as readonly LogGap[];
}

/** The parts of one answer, put together. */
export function readHistory({ epoch, sequence, next }: Frame, parts: readonly Frame[]): HistoryPage {
  return {
    head: { epoch: String(epoch), sequence: Number(sequence) },
    messages: parts.flatMap(({ messages }) => list(messages)).map(readMessage),
    gaps: parts.flatMap(readGaps),
    next: positionIn(next),
  };
}

/** A copy: what else a value from outside has must not go to the service. */
export function positionIn(value: unknown): Position | undefined {
  return isPosition(value) ? { epoch: value.epoch, sequence: value.sequence } : undefined;
}

export function list(value: unknown): readonly Frame[] {
  return Array.isArray(value) ? (value as Frame[]) : [];
}
