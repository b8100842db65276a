/**
 * `SUBSCRIBED`: the answer to `subscribe` (SUB-1).
 */
import {
  type ChannelEntry,
  channelEntry,
  type ChannelState,
  type Id,
  type WireTime,
  wireTime,
} from '../values';

/** @dependentRequired {"epoch": ["sequence"], "sequence": ["epoch"], "reason": ["recovered"]} */
export interface SubscribedFrame extends ChannelEntry {
  readonly type: 'SUBSCRIBED';
  readonly message_id: Id;
  readonly timestamp: WireTime;
}

export const examples: readonly SubscribedFrame[] = [
  {
    type: 'SUBSCRIBED',
    message_id: 's1',
    timestamp: '2026-11-24T18:11:43.871Z',
    channel_id: 'orders',
    epoch: 'k3v',
    sequence: 44,
    recovered: true,
  },
  {
    type: 'SUBSCRIBED',
    message_id: 's2',
    timestamp: '2026-11-24T18:11:43.871Z',
    channel_id: '$presence',
  },
];

export function subscribedText(messageId: string, state: ChannelState, timestamp: number): string {
  return JSON.stringify({
    type: 'SUBSCRIBED',
    message_id: messageId,
    timestamp: wireTime(timestamp),
    ...channelEntry(state),
  } satisfies SubscribedFrame);
}
