/**
 * Handles the control frames: checks the grant, and answers at the level of the connection.
 */
import {
  type ParsedControl,
  plainAckText,
  reservedChannels,
  subscribedText,
  type ParsedSubscribe,
  unsubscribedText,
  type ParsedUnsubscribe,
} from '../../protocol/index';
import type { Caller } from '../shared/caller';
import { type ControlDependencies, type ControlOutcome, notSubscribed, refused } from './control-outcome';
import type { ReadBudget } from '../log/read-budget';
import type { Deadline } from '../shared/deadline';
import { hello } from './hello';
import { history } from './history';
import { ping } from './ping';
import { presence } from './presence';
import { replay, ReplayBudget } from './replay';
import { mayUse, channelPosition } from '../log/channel-position';
import { subscribe, unsubscribe } from './subscribe';

/** Throws what the stores throw. */
export async function control(
  deps: ControlDependencies,
  caller: Caller,
  frame: ParsedControl,
  deadline: Deadline,
  reading: ReadBudget,
): Promise<ControlOutcome> {
  const outcome = await handle(deps, caller, frame, deadline, reading);
  if (!outcome.ok || caller.level > 0) return outcome;
  // LVL-3
  return { ...outcome, answer: frame.id === undefined ? [] : [plainAckText(frame.id, deps.clock.now())] };
}

function handle(
  deps: ControlDependencies,
  caller: Caller,
  frame: ParsedControl,
  deadline: Deadline,
  reading: ReadBudget,
): Promise<ControlOutcome> {
  switch (frame.type) {
    case 'hello':
      return hello(deps, caller, frame, reading);
    case 'subscribe':
      return handleSubscribe(deps, caller, frame, reading);
    case 'unsubscribe':
      return handleUnsubscribe(deps, caller, frame);
    case 'history':
      return history(deps, caller, frame, deadline, reading);
    case 'presence':
      return presence(deps, caller, frame);
    case 'ping':
      return ping(deps, caller, frame);
  }
}

async function handleSubscribe(
  deps: ControlDependencies,
  caller: Caller,
  { id, channelId, since }: ParsedSubscribe,
  reading: ReadBudget,
): Promise<ControlOutcome> {
  // SUB-4
  if (!mayUse(caller, channelId, 'subscribe')) {
    return refused('forbidden', 'The token does not allow subscribing to this channel');
  }
  const channelIds = channelId === reservedChannels.inbox ? [] : [channelId];
  const added = await subscribe(deps.connections, caller, channelIds);
  if (added.outcome !== 'added') return notSubscribed(added.outcome);
  // SUB-1, SUB-7: read after subscribing, so every later message is delivered to this connection.
  const place = await channelPosition(deps, caller, { channelId, since });
  return {
    ok: true,
    answer: [subscribedText(id, place.state, deps.clock.now())],
    afterReply: (sender, deadline) =>
      replay(deps, sender, caller, place, new ReplayBudget(deadline, reading)),
  };
}

async function handleUnsubscribe(
  deps: ControlDependencies,
  caller: Caller,
  { id, channelId }: ParsedUnsubscribe,
): Promise<ControlOutcome> {
  // INB-4
  if (channelId === reservedChannels.inbox) {
    return refused('forbidden', 'Direct messages reach every connection of their agent');
  }
  await unsubscribe(deps.connections, caller, channelId);
  return { ok: true, answer: [unsubscribedText(id, channelId, deps.clock.now())] };
}
