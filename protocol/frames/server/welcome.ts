/**
 * `WELCOME`: the answer to `hello` (HEL-1).
 */
import { limits } from '../../limits';
import {
  type ChannelEntry,
  channelEntry,
  type ChannelState,
  type Id,
  type Sequence,
  type WireTime,
  wireTime,
} from '../values';

export interface WelcomeFrame {
  readonly type: 'WELCOME';
  readonly message_id?: Id | undefined;
  readonly timestamp: WireTime;
  readonly connection_id: string;
  readonly tenant_id: Id;
  readonly agent_id: Id;
  readonly token_expires_at: WireTime;
  readonly limits: WelcomeLimits;
  readonly channels: readonly WelcomeChannel[];
}

export interface WelcomeLimits {
  readonly frame_bytes: Count;
  readonly message_bytes: Count;
  readonly batch_frames: Count;
  readonly channels: Count;
  readonly history_messages: Count;
}

/**
 * @asType integer
 * @minimum 1
 */
type Count = number;

/** @dependentRequired {"epoch": ["sequence"], "sequence": ["epoch"], "reason": ["recovered"]} */
export interface WelcomeChannel extends ChannelEntry {
  /** Of `$inbox`: the sequence before the replay; the head's when nothing is replayed. */
  readonly from?: Sequence | undefined;
}

export const examples: readonly WelcomeFrame[] = [
  {
    type: 'WELCOME',
    message_id: 'h1',
    timestamp: '2026-11-24T18:11:43.871Z',
    connection_id: 'Cjq5dfmFIAMCKUQ=',
    tenant_id: 'demo',
    agent_id: 'alice',
    token_expires_at: '2026-11-24T19:11:43.000Z',
    limits: {
      frame_bytes: 32_768,
      message_bytes: 129_024,
      batch_frames: 25,
      channels: 100,
      history_messages: 1_000,
    },
    channels: [
      { channel_id: 'orders', epoch: 'k3v', sequence: 44, recovered: true },
      { channel_id: '$inbox', epoch: '9fd', sequence: 8, from: 7 },
      { channel_id: 'secret', recovered: false, reason: 'forbidden' },
    ],
  },
];

export interface Welcome {
  readonly messageId: string | undefined;
  readonly connectionId: string;
  readonly tenantId: string;
  readonly agentId: string;
  /** Epoch milliseconds. */
  readonly tokenExpiresAt: number;
  readonly channels: readonly ChannelState[];
}

export function welcomeText(welcome: Welcome, timestamp: number): string {
  return JSON.stringify({
    type: 'WELCOME',
    message_id: welcome.messageId,
    timestamp: wireTime(timestamp),
    connection_id: welcome.connectionId,
    tenant_id: welcome.tenantId,
    agent_id: welcome.agentId,
    token_expires_at: wireTime(welcome.tokenExpiresAt),
    limits: {
      frame_bytes: limits.frameBytes,
      message_bytes: limits.storedMessageBytes,
      batch_frames: limits.batchFrames,
      channels: limits.channels,
      history_messages: limits.historyMessages,
    },
    channels: welcome.channels.map((state) => ({ ...channelEntry(state), from: state.from })),
  } satisfies WelcomeFrame);
}
