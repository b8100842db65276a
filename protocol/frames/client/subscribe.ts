/**
 * `subscribe`: adds a channel to the connection (SUB-1).
 */
import type { JsonObject } from '../../json';
import type { Id, Position, SubscribableName } from '../values';
import {
  type Complaint,
  isSubscribable,
  isTarget,
  optionalPosition,
  positionShape,
  readTarget,
  type Target,
  wrong,
} from './fields';

/** @maxProperties 128 */
export interface SubscribeFrame {
  readonly type: 'subscribe';
  readonly id: Id;
  readonly channel_id: SubscribableName;
  /** Absent: no replay. */
  readonly since?: Position | null | undefined;
}

export const examples: readonly SubscribeFrame[] = [
  { type: 'subscribe', id: 's1', channel_id: 'orders', since: { epoch: 'k3v', sequence: 41 } },
  { type: 'subscribe', id: 's2', channel_id: '$presence' },
];

export interface ParsedSubscribe extends Target {
  readonly type: 'subscribe';
  readonly since: Position | undefined;
}

export function readSubscribe(id: string | undefined, frame: JsonObject): ParsedSubscribe | Complaint {
  const target = readTarget(id, frame, isSubscribable);
  if (!isTarget(target)) return target;
  const since = optionalPosition(frame.since);
  if (since === null) return wrong(`"since" ${positionShape}`);
  return { type: 'subscribe', ...target, since };
}
