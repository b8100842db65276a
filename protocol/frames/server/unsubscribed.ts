/**
 * `UNSUBSCRIBED`: the answer to `unsubscribe` (SUB-5).
 */
import { type Id, type SubscribableName, type WireTime, wireTime } from '../values';

export interface UnsubscribedFrame {
  readonly type: 'UNSUBSCRIBED';
  readonly message_id: Id;
  readonly timestamp: WireTime;
  readonly channel_id: SubscribableName;
}

export const examples: readonly UnsubscribedFrame[] = [
  {
    type: 'UNSUBSCRIBED',
    message_id: 'u1',
    timestamp: '2026-11-24T18:11:43.871Z',
    channel_id: 'orders',
  },
];

export function unsubscribedText(messageId: string, channelId: string, timestamp: number): string {
  return JSON.stringify({
    type: 'UNSUBSCRIBED',
    message_id: messageId,
    timestamp: wireTime(timestamp),
    channel_id: channelId,
  } satisfies UnsubscribedFrame);
}
