/**
 * Finds the destination of a message: a channel or an agent.
 */
import { type ErrorDetails, isGranted, isId, mayMessage, type ParsedMessage } from '../../protocol/index';
import type { Caller } from '../shared/caller';

export type Destination =
  | { readonly kind: 'channel'; readonly channelId: string }
  | { readonly kind: 'agent'; readonly agentId: string };

export type Routing =
  | { readonly ok: true; readonly destination: Destination }
  | { readonly ok: false; readonly error: Pick<ErrorDetails, 'code' | 'text'> };

export function routeFrame(frame: ParsedMessage, caller: Pick<Caller, 'channelId' | 'grants'>): Routing {
  if (frame.to !== undefined) return toAgent(caller, frame.to); // DIR-2
  const channelId = frame.channelId ?? caller.channelId;
  if (channelId !== undefined) {
    // MSG-6
    if (isGranted(caller.grants, channelId, 'publish'))
      return { ok: true, destination: { kind: 'channel', channelId } };
    return {
      ok: false,
      error: { code: 'forbidden', text: 'The token does not allow publishing to this channel' },
    };
  }
  // DIR-3: clients of the original protocol have no field for the receiver.
  const { to } = frame.metadata;
  if (isId(to)) return toAgent(caller, to);
  // MSG-7
  return {
    ok: false,
    error: {
      code: 'invalid_message',
      text: 'No receiver: give "channel_id" or "to", or connect with a channel',
    },
  };
}

/** TOK-6, TOK-9 */
function toAgent({ grants }: Pick<Caller, 'grants'>, agentId: string): Routing {
  if (!mayMessage(grants, agentId))
    return {
      ok: false,
      error: { code: 'forbidden', text: 'The token does not allow sending to this agent' },
    };
  return { ok: true, destination: { kind: 'agent', agentId } };
}
