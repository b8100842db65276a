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
import {
  type ControlDependencies,
  type ControlOutcome,
  notSubscribed,
  refused,
  type TextBudgets,
} from './control-outcome';
import type { Deadline } from '../shared/deadline';
import { hello } from './hello';
import { history } from './history';
import { ping } from './ping';
import { presence } from './presence';
import { Outbox } from './outbox';
import { replay, ReplayBudget } from './replay';
import { mayUse, channelPosition } from '../log/channel-position';
import { subscribe, unsubscribe } from './subscribe';

/** Throws what the stores throw, and TooCostly. */
export async function control(
  deps: ControlDependencies,
  caller: Caller,
  frame: ParsedControl,
  deadline: Deadline,
  budgets: TextBudgets,
): Promise<ControlOutcome> {
  const outcome = await handle(deps, caller, frame, deadline, budgets);
  if (!outcome.ok || caller.level > 0) return outcome;
  // LVL-3
  return { ...outcome, answer: frame.id === undefined ? [] : [plainAckText(frame.id, deps.clock.now())] };
}

function handle(
  deps: ControlDependencies,
  caller: Caller,
  frame: ParsedControl,
  deadline: Deadline,
  budgets: TextBudgets,
): Promise<ControlOutcome> {
  switch (frame.type) {
    case 'hello':
      return hello(deps, caller, frame, budgets);
    case 'subscribe':
      return handleSubscribe(deps, caller, frame, budgets);
    case 'unsubscribe':
      return handleUnsubscribe(deps, caller, frame);
    case 'history':
      return history(deps, caller, frame, deadline, budgets.reading);
    case 'presence':
      return presence(deps, caller, frame, budgets.work);
    case 'ping':
      return ping(deps, caller, frame);
  }
}

async function handleSubscribe(
  deps: ControlDependencies,
  caller: Caller,
  { id, channelId, since }: ParsedSubscribe,
  { work, reading }: TextBudgets,
): Promise<ControlOutcome> {
  // SUB-4
  if (!mayUse(caller, channelId, 'subscribe')) {
    return refused('forbidden', 'The token does not allow subscribing to this channel');
  }
  const channelIds = channelId === reservedChannels.inbox ? [] : [channelId];
  const added = await subscribe(deps.connections, caller, channelIds);
  if (added.outcome !== 'added') return notSubscribed(added.outcome);
  // SUB-1, SUB-7: read after subscribing, so every later message is delivered to this connection.
  const place = await channelPosition(deps, caller, { channelId, since }, reading.mayLook);
  return {
    ok: true,
    answer: [subscribedText(id, place.state, deps.clock.now())],
    afterReply: async (sender, deadline) => {
      const outbox = new Outbox(sender, caller, deps.clock, work);
      await replay(deps, outbox, caller, place, new ReplayBudget(deadline, reading));
      await outbox.postAll();
    },
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
