/**
 * Decides what happens to one parsed frame, before anything is read or written.
 */
import {
  type ParsedControl,
  type ErrorDetails,
  frameId,
  type ParsedFrame,
  type ParsedMessage,
} from '../../protocol/index';
import { type Destination, routeFrame } from '../publish/route-frame';
import type { Caller } from '../shared/caller';

export type FrameDecision =
  | { readonly kind: 'rejected'; readonly error: ErrorDetails }
  | { readonly kind: 'control'; readonly control: ParsedControl }
  | { readonly kind: 'message'; readonly frame: ParsedMessage; readonly destination: Destination };

/** A frame starts only with this much time left. With less, the function could be cut off in the middle of a write. */
const minFrameMs = 1_200;

/** `now` in epoch milliseconds; `remainingMs` until the deadline of the text message. */
export function decideFrame(
  parsed: ParsedFrame,
  caller: Pick<Caller, 'channelId' | 'grants' | 'tokenExpiresAt'>,
  now: number,
  remainingMs: number,
): FrameDecision {
  if (!parsed.ok) return { kind: 'rejected', error: parsed.error };
  const messageId = frameId(parsed);
  const isPing = parsed.kind === 'control' && parsed.control.type === 'ping';
  // TOK-7: a ping is answered with GOAWAY.
  if (caller.tokenExpiresAt <= now && !isPing) {
    return { kind: 'rejected', error: { code: 'token_expired', messageId } };
  }
  if (remainingMs < minFrameMs) {
    return { kind: 'rejected', error: { code: 'unavailable', messageId, retryAfterMs: 500 } };
  }
  if (parsed.kind === 'control') return { kind: 'control', control: parsed.control };
  const routing = routeFrame(parsed.frame, caller);
  return routing.ok
    ? { kind: 'message', frame: parsed.frame, destination: routing.destination }
    : { kind: 'rejected', error: { ...routing.error, messageId } };
}
