/**
 * `ping`: keeps the connection open, asks which channels have moved, and reports what is handled (PIN-1).
 */
import type { JsonObject } from '../../json';
import { limits } from '../../limits';
import type { ChannelName, Id, Position } from '../values';
import { type Complaint, hasLog, type InboxEntry, readList, type Resume } from './fields';

/** @maxProperties 128 */
export interface PingFrame {
  readonly type: 'ping';
  readonly id?: Id | null | undefined;
  /** @maxItems 20 */
  readonly channels?: readonly PingEntry[] | null | undefined;
}

/** A channel with a log, and the client's position in it. */
export type PingEntry = KnownPingEntry | UnknownPingEntry | InboxEntry;

interface KnownPingEntry extends Position {
  readonly channel_id: ChannelName;
}

interface UnknownPingEntry {
  readonly channel_id: ChannelName;
  readonly epoch?: null | undefined;
  readonly sequence?: null | undefined;
}

export const examples: readonly PingFrame[] = [
  { type: 'ping' },
  {
    type: 'ping',
    id: 'p1',
    channels: [
      { channel_id: 'orders', epoch: 'k3v', sequence: 44 },
      { channel_id: 'lobby' },
      { channel_id: '$inbox', epoch: '9fd', sequence: 8, handled: { epoch: '9fd', sequence: 8 } },
    ],
  },
];

export interface ParsedPing {
  readonly type: 'ping';
  readonly id: string | undefined;
  readonly channels: readonly Resume[];
}

export function readPing(id: string | undefined, frame: JsonObject): ParsedPing | Complaint {
  const channels = readList('channels', frame.channels, limits.pingChannels, hasLog);
  if (!Array.isArray(channels)) return channels;
  return { type: 'ping', id, channels };
}
