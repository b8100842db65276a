/**
 * `PONG`: the answer to `ping` (PIN-1).
 */
import { type ChannelHead, type Id, type LogName, type Position, type WireTime, wireTime } from '../values';

export interface PongFrame {
  readonly type: 'PONG';
  readonly message_id?: Id | undefined;
  readonly timestamp: WireTime;
  /** Those whose head differs from the given position. */
  readonly channels: readonly MovedChannel[];
}

export interface MovedChannel extends Position {
  readonly channel_id: LogName;
}

export const examples: readonly PongFrame[] = [
  {
    type: 'PONG',
    message_id: 'p1',
    timestamp: '2026-11-24T18:11:43.871Z',
    channels: [{ channel_id: 'orders', epoch: 'k3v', sequence: 45 }],
  },
];

export function pongText(
  messageId: string | undefined,
  moved: readonly ChannelHead[],
  timestamp: number,
): string {
  return JSON.stringify({
    type: 'PONG',
    message_id: messageId,
    timestamp: wireTime(timestamp),
    channels: moved.map(({ channelId, head }) => ({ channel_id: channelId, ...head })),
  } satisfies PongFrame);
}
