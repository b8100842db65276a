/**
 * The inbox at level 1: what a client has missed after its position, what its agent has not handled, and what no connection
 * of the agent has taken.
 */
import {
  levelOneText,
  limits,
  pack,
  packFrames,
  type Position,
  replayedText,
  type Resume,
} from '../../protocol/index';
import type { Caller } from '../shared/caller';
import type { Deadline } from '../shared/deadline';
import type { AgentView, InboxMark } from '../shared/stores/agent-store';
import { type Deliver, pushInbox, type PushDependencies } from './push-inbox';
import { handledUpTo, saveHandled } from './handled';
import type { ReadBudget } from '../log/read-budget';
import { always, type MayLook, oldestReadable } from '../log/recover';
import type { RetryingSender } from '../delivery/retrying-sender';
import { TooCostly, type WorkBudget } from '../shared/work-budget';
import type { LogDependencies } from '../log/head';
import { type ChannelPosition, channelPosition } from '../log/channel-position';

export type InboxDependencies = LogDependencies & PushDependencies;

/**
 * Where the inbox stands, where its replay begins, and the mark. Keeps what the client says that it has handled, before
 * anything is replayed. Throws what the stores throw, and TooCostly when the start may not be looked for.
 */
export async function inboxPosition(
  deps: InboxDependencies,
  caller: Caller,
  resume: Resume,
  mayLook = always,
): Promise<ChannelPosition> {
  // `$connect` has sent the push for level 0.
  if (caller.level === 0) return channelPosition(deps, caller, resume, mayLook);
  const [place, view] = await Promise.all([
    channelPosition(deps, caller, resume, mayLook),
    deps.agents.getAgent(caller.tenantId, caller.agentId),
  ]);
  // The replay may begin at another place than the client's, so this one has to be known.
  if (place.unreadAfter !== undefined) throw new TooCostly();
  const { inboxMark: mark } = view;
  const unhandled = await replayStart(deps, caller, resume, place, view, mayLook);
  const from = place.replayAfter ?? unhandled;
  return {
    ...place,
    inboxMark: mark,
    state: { ...place.state, from },
    replayAfter: from < place.head.sequence ? from : undefined,
  };
}

/** INB-5: the sequence after which the replay starts for a client without a position that can be continued from. */
async function replayStart(
  deps: InboxDependencies,
  caller: Caller,
  { handled }: Resume,
  { head, subject }: ChannelPosition,
  view: AgentView,
  mayLook: MayLook,
): Promise<number> {
  const marked = Math.min(head.sequence, (view.inboxMark?.from ?? Infinity) - 1);
  if (handled === undefined || deps.retentionMs === 0) return marked;
  const kept = await saveHandled(deps, caller, view.handled, handledUpTo(handled, head), {
    ...head,
    sequence: marked,
  });
  if (kept.epoch === head.epoch || head.sequence === 0) return Math.min(marked, kept.sequence);
  const first = await oldestReadable(deps, subject, head.sequence, mayLook);
  return Math.min(marked, (first ?? Infinity) - 1);
}

/** From the place on, or from the mark when nothing else is to be replayed. Throws what the stores throw. */
export async function replayInbox(
  deps: InboxDependencies,
  sender: RetryingSender,
  caller: Caller,
  { channelId, head, replayAfter }: ChannelPosition,
  mark: InboxMark,
  { deadline, reading }: { readonly deadline: Deadline; readonly reading: ReadBudget },
  work: Pick<WorkBudget, 'message'>,
): Promise<void> {
  const from = replayAfter === undefined ? mark.from : replayAfter + 1;
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
      reading.spend(Buffer.byteLength(text));
      work.message(text);
      taken += group.length;
      last = messages[taken - 1]?.position.sequence ?? last;
    }
    return taken;
  };
  const { kind, gaps } = await pushInbox(deps, caller, mark, deliver, deadline, from, reading);
  if (kind === 'stopped') return;
  const complete = kind === 'settled';
  const position: Position = { epoch: head.epoch, sequence: complete ? Math.max(last, head.sequence) : last };
  // More would not fit into a text; the client finds the rest in the log.
  const told = gaps.slice(0, limits.historyMessages);
  const end = replayedText({ channelId, position, complete, gaps: told }, deps.clock.now());
  await sender.post(caller.connectionId, end);
}
