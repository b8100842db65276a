/**
 * `ping`: keeps the connection open, and answers with the channels whose head has moved and with the reason to leave (PIN-2).
 */
import {
  type ChannelHead,
  goAwayText,
  type GoAwayCode,
  type ParsedPing,
  pongText,
} from '../../protocol/index';
import type { Caller } from '../shared/caller';
import { isRotationDue } from '../agents/lifetime';
import { type ControlDependencies, type ControlOutcome, refused } from './control-outcome';
import { handledUpTo, saveHandled } from '../inbox/handled';
import { hasConnectionRow } from '../agents/known-connection';
import { isSamePosition } from '../log/head';
import { mayUse, channelPosition } from '../log/channel-position';

/** Throws what the stores throw. */
export async function ping(
  deps: ControlDependencies,
  caller: Caller,
  frame: ParsedPing,
): Promise<ControlOutcome> {
  // TOK-7: not even the position of a channel.
  if (caller.level > 0 && caller.tokenExpiresAt <= deps.clock.now())
    return { ok: true, answer: [goAwayText('token_expired', deps.clock.now())] };
  // PIN-1
  if (!frame.channels.every(({ channelId }) => mayUse(caller, channelId, 'subscribe'))) {
    return refused('forbidden', 'The token does not allow subscribing to one of these channels');
  }
  if (caller.level === 0) return { ok: true, answer: [] };
  const moved: ChannelHead[] = [];
  const reads = frame.channels.map(async ({ channelId, since, handled = 'none' }) => {
    const { head } = await channelPosition(deps, caller, { channelId, since: undefined });
    const reported = handledUpTo(handled, head);
    if (reported !== undefined) {
      const { handled: kept } = await deps.agents.getAgent(caller.tenantId, caller.agentId);
      await saveHandled(deps, caller, kept, reported, reported);
    }
    if (since === undefined || !isSamePosition(head, since)) moved.push({ channelId, head });
  });
  const [goAway] = await Promise.all([reasonToLeave(deps, caller), ...reads]);
  const now = deps.clock.now();
  const pong = pongText(frame.id, moved, now);
  return { ok: true, answer: goAway === undefined ? [pong] : [pong, goAwayText(goAway, now)] };
}

async function reasonToLeave(deps: ControlDependencies, caller: Caller): Promise<GoAwayCode | undefined> {
  const now = deps.clock.now();
  if (isRotationDue(caller, now)) return 'rotate';
  return (await hasConnectionRow(deps.connections, caller)) ? undefined : 'state_lost';
}
