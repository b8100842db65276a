/**
 * `HISTORY`: a part of the answer to `history` (HIS-3).
 */
import {
  type Gap,
  gapEntries,
  type Gaps,
  type Id,
  type LogName,
  type Position,
  type WireTime,
  wireTime,
} from '../values';
import { examples as messages, type MessageFrame } from './message';

/** `epoch` and `sequence` are the head of the log. */
export interface HistoryPageFrame extends Position {
  readonly type: 'HISTORY';
  readonly message_id: Id;
  readonly timestamp: WireTime;
  readonly channel_id: LogName;
  readonly gaps?: Gaps;
  readonly part: PartNumber;
  readonly last: boolean;
  /** In the last part, when there is more. */
  readonly next?: Position | undefined;
  /** Oldest first. */
  readonly messages: readonly MessageFrame[];
}

/**
 * From 1.
 * @asType integer
 * @minimum 1
 */
export type PartNumber = number;

export const examples: readonly HistoryPageFrame[] = [
  {
    type: 'HISTORY',
    message_id: 'q1',
    timestamp: '2026-11-24T18:11:43.871Z',
    channel_id: 'orders',
    epoch: 'k3v',
    sequence: 44,
    gaps: [{ from: 40, to: 41, code: 'not_recoverable', reason: 'damaged' }],
    part: 1,
    last: true,
    next: { epoch: 'k3v', sequence: 39 },
    messages,
  },
];

export interface HistoryPart {
  readonly messageId: string;
  readonly channelId: string;
  readonly head: Position;
  /** Texts of the messages, oldest first. */
  readonly messages: readonly string[];
  readonly gaps: readonly Gap[];
  readonly part: number;
  readonly isLast: boolean;
  readonly next: Position | undefined;
}

export function historyText(history: HistoryPart, timestamp: number): string {
  const fields = JSON.stringify({
    type: 'HISTORY',
    message_id: history.messageId,
    timestamp: wireTime(timestamp),
    channel_id: history.channelId,
    ...history.head,
    ...gapEntries(history.gaps),
    part: history.part,
    last: history.isLast,
    next: history.next,
  } satisfies Omit<HistoryPageFrame, 'messages'>);
  // The messages are text already; parsing them only to write them again would be most of the work.
  return `${fields.slice(0, -1)},"messages":[${history.messages.join()}]}`;
}
