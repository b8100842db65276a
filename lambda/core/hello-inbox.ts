/**
 * The inbox at level 1: what a client has missed after its position, and what no connection of its agent has taken.
 */
import { levelOneText, limits, pack, packFrames, replayedText } from '../../protocol/index';
import type { Caller } from './caller';
import type { ControlDependencies } from './control-outcome';
import type { Deadline } from './deadline';
import type { InboxMark } from './ports';
import { type Deliver, pushInbox } from './push-inbox';
import type { RetryingSender } from './retrying-sender';
import type { Standing } from './standing';

/** The mark of messages that nobody took. Throws what the store throws. */
export async function inboxMark(deps: ControlDependencies, caller: Caller): Promise<InboxMark | undefined> {
  if (caller.level === 0) return undefined; // `$connect` has sent the push for it.
  return (await deps.agents.look(caller.tenantId, caller.agentId)).mark;
}

/** From the mark or from the client's position, whichever is older. Throws what the stores throw. */
export async function replayInbox(
  deps: ControlDependencies,
  sender: RetryingSender,
  caller: Caller,
  { channelId, head, replayAfter }: Standing,
  mark: InboxMark,
  deadline: Deadline,
): Promise<void> {
  const from = replayAfter === undefined ? mark.from : Math.min(mark.from, replayAfter + 1);
  let last = from - 1;
  const deliver: Deliver = async (messages, hasTime) => {
    const groups = pack(
      messages.map(({ message, position }) => levelOneText(message, position, true)),
      limits.frameBytes,
    );
    let taken = 0;
    for (const group of groups) {
      if (!hasTime()) break;
      const [text = ''] = packFrames(group);
      if ((await sender.post(caller.connectionId, text)) !== 'delivered') break;
      taken += group.length;
      last = messages[taken - 1]?.position.sequence ?? last;
    }
    return taken;
  };
  const { kind } = await pushInbox(deps, caller, mark, deliver, deadline, from);
  if (kind === 'stopped') return;
  const complete = kind === 'settled';
  const position = { epoch: head.epoch, sequence: complete ? Math.max(last, head.sequence) : last };
  const end = replayedText({ channelId, position, complete, gaps: [] }, deps.clock.now());
  await sender.post(caller.connectionId, end);
}
