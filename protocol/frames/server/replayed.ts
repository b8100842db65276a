/**
 * `REPLAYED`: the end of a replay (SUB-2, SUB-6).
 */
import {
  type Gap,
  gapEntries,
  type Gaps,
  type LogName,
  type Position,
  type WireTime,
  wireTime,
} from '../values';

export interface ReplayedFrame extends Position {
  readonly type: 'REPLAYED';
  readonly timestamp: WireTime;
  readonly channel_id: LogName;
  /** `false`: `history` has the rest. */
  readonly complete: boolean;
  readonly gaps?: Gaps;
}

export const examples: readonly ReplayedFrame[] = [
  {
    type: 'REPLAYED',
    timestamp: '2026-11-24T18:11:43.871Z',
    channel_id: 'orders',
    epoch: 'k3v',
    sequence: 44,
    complete: true,
  },
  {
    type: 'REPLAYED',
    timestamp: '2026-11-24T18:11:43.871Z',
    channel_id: '$inbox',
    epoch: '9fd',
    sequence: 1_007,
    complete: false,
    gaps: [{ from: 8, to: 9, code: 'not_recoverable', reason: 'request_expired' }],
  },
];

export interface ReplayEnd {
  readonly channelId: string;
  /** The last message that was replayed, or where the replay began. */
  readonly position: Position;
  readonly complete: boolean;
  readonly gaps: readonly Gap[];
}

export function replayedText(end: ReplayEnd, timestamp: number): string {
  return JSON.stringify({
    type: 'REPLAYED',
    timestamp: wireTime(timestamp),
    channel_id: end.channelId,
    ...end.position,
    complete: end.complete,
    ...gapEntries(end.gaps),
  } satisfies ReplayedFrame);
}
