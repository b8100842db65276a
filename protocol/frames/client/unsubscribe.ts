/**
 * `unsubscribe`: removes a channel from the connection (SUB-5).
 */
import type { JsonObject } from '../../json';
import type { Id, SubscribableName } from '../values';
import { type Complaint, isSubscribable, isTarget, readTarget, type Target } from './fields';

/** @maxProperties 128 */
export interface UnsubscribeFrame {
  readonly type: 'unsubscribe';
  readonly id: Id;
  readonly channel_id: SubscribableName;
}

export const examples: readonly UnsubscribeFrame[] = [
  { type: 'unsubscribe', id: 'u1', channel_id: 'orders' },
];

export interface ParsedUnsubscribe extends Target {
  readonly type: 'unsubscribe';
}

export function readUnsubscribe(id: string | undefined, frame: JsonObject): ParsedUnsubscribe | Complaint {
  const target = readTarget(id, frame, isSubscribable);
  return isTarget(target) ? { type: 'unsubscribe', ...target } : target;
}
