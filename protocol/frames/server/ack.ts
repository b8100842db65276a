/**
 * `ACK`: a frame is accepted (ACK-1).
 */
import { type Id, type Position, type Sequence, type WireTime, wireTime } from '../values';

export type AckStatus = 'accepted' | 'stored' | 'duplicate';

/** @dependentRequired {"epoch": ["sequence", "status"], "sequence": ["epoch"]} */
export interface AckFrame {
  readonly type: 'ACK';
  readonly message_id: Id;
  readonly timestamp: WireTime;
  /** Absent in the answer to a control frame of a level 0 connection. */
  readonly status?: AckStatus;
  /** The position is there when the message is in a log. */
  readonly sequence?: Sequence;
  readonly epoch?: Id;
  /** The message is for an agent that never connected. Level 1. */
  readonly known?: false;
}

export const examples: readonly AckFrame[] = [
  {
    type: 'ACK',
    message_id: 'm1',
    timestamp: '2026-11-24T18:11:43.871Z',
    status: 'accepted',
    sequence: 42,
    epoch: 'k3v',
  },
  {
    type: 'ACK',
    message_id: 'm2',
    timestamp: '2026-11-24T18:11:43.871Z',
    status: 'stored',
    sequence: 1,
    epoch: 'k3v',
    known: false,
  },
  { type: 'ACK', message_id: 's1', timestamp: '2026-11-24T18:11:43.871Z' },
];

/** The ACK of a durable or ephemeral message; the position is there when the message is in a log. `isKnown`: whether its agent is. */
export function ackText(
  messageId: string,
  timestamp: number,
  status: AckStatus,
  position?: Position,
  isKnown = true,
): string {
  return JSON.stringify({
    type: 'ACK',
    message_id: messageId,
    timestamp: wireTime(timestamp),
    status,
    ...(position && { sequence: position.sequence, epoch: position.epoch }),
    ...(!isKnown && { known: false }),
  } satisfies AckFrame);
}

/** The answer to a control frame of a level 0 connection. */
export function plainAckText(messageId: string, timestamp: number): string {
  return JSON.stringify({
    type: 'ACK',
    message_id: messageId,
    timestamp: wireTime(timestamp),
  } satisfies AckFrame);
}
