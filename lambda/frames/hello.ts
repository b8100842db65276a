/**
 * `hello`: subscribes the named channels, answers with the position of each, and replays the messages after it (HEL-1).
 */
import {
  type ChannelState,
  type ParsedHello,
  reservedChannels,
  type Resume,
  welcomeText,
} from '../../protocol/index';
import type { Caller } from '../shared/caller';
import { agentOfToken } from '../shared/subjects';
import type { WorkBudget } from '../shared/work-budget';
import {
  type ControlDependencies,
  type ControlOutcome,
  notSubscribed,
  stateLost,
  type TextBudgets,
} from './control-outcome';
import { mapStoreCalls } from '../shared/each-concurrently';
import { inboxPosition, replayInbox } from '../inbox/hello-inbox';
import { Outbox } from './outbox';
import { replay, ReplayBudget } from './replay';
import { maySetPresence, notAdvertised, setPresence } from './presence';
import { mayUse, type ChannelPosition, channelPosition } from '../log/channel-position';
import { subscribe } from './subscribe';

/** Throws what the stores throw, and TooCostly when the positions alone would cost more than a text message may. */
export async function hello(
  deps: ControlDependencies,
  caller: Caller,
  frame: ParsedHello,
  { work, reading }: TextBudgets,
): Promise<ControlOutcome> {
  const { status, capabilities } = frame.own; // PRE-2
  const isEmptyHello = status === undefined && capabilities === undefined;
  if (!isEmptyHello && !maySetPresence(caller, frame.own)) return notAdvertised();
  const granted = frame.resume.filter(({ channelId }) => mayUse(caller, channelId, 'subscribe'));
  const added = await subscribe(
    deps.connections,
    caller,
    granted.map(({ channelId }) => channelId).filter((channelId) => channelId !== reservedChannels.inbox),
    // HEL-3: WELCOME names them all.
    true,
  );
  if (added.outcome !== 'added') return notSubscribed(added.outcome);

  const presence = isEmptyHello ? undefined : await setPresence(deps, caller, frame.own);
  if (presence === undefined && !isEmptyHello) return stateLost();

  // Level 0 has no WELCOME, so only the channels to replay matter.
  const named = caller.level === 0 ? granted : [...granted, ...otherChannels(added.channels, granted)];
  const positions = await positionsOf(deps, caller, named, work);
  const refused = frame.resume.filter((resume) => !granted.includes(resume)).map(forbiddenState);
  return {
    ok: true,
    answer: [welcome(deps, caller, frame, [...positions.map(({ state }) => state), ...refused])],
    afterReply: async (sender, deadline) => {
      await presence?.announce?.(sender, deadline);
      const budget = new ReplayBudget(deadline, reading);
      const outbox = new Outbox(sender, caller, deps.clock, work);
      for (const position of positions) {
        if (position.inboxMark === undefined) await replay(deps, outbox, caller, position, budget);
        else await replayInbox(deps, sender, caller, position, position.inboxMark, budget, work);
      }
      await outbox.postAll();
    },
  };
}

/** The ends of all logs come first: what is left after them may be spent on what the clients have missed. */
function positionsOf(
  deps: ControlDependencies,
  caller: Caller,
  named: readonly Resume[],
  work: WorkBudget,
): Promise<readonly ChannelPosition[]> {
  let open = named.length;
  const mayLook = (): boolean => work.hasRows(open);
  const mustLook = (): boolean => work.hasRows(1);
  return mapStoreCalls(named, async (resume) => {
    const position = await work.readRow(() =>
      resume.channelId === reservedChannels.inbox
        ? inboxPosition(deps, caller, resume, mustLook)
        : channelPosition(deps, caller, resume, mayLook),
    );
    open -= 1;
    return position;
  });
}

/** HEL-2 */
function forbiddenState({ channelId }: Resume): ChannelState {
  return { channelId, head: undefined, recovered: false, reason: 'forbidden' };
}

function welcome(
  deps: Pick<ControlDependencies, 'clock'>,
  { connectionId, tenantId, agentId, tokenExpiresAt }: Caller,
  { id: messageId }: ParsedHello,
  channels: readonly ChannelState[],
): string {
  const identity = { messageId, connectionId, tenantId, agentId: agentOfToken(agentId), tokenExpiresAt };
  return welcomeText({ ...identity, channels }, deps.clock.now());
}

/** The other channels that the connection is subscribed to, and the inbox. */
function otherChannels(subscribed: readonly string[], asked: readonly Resume[]): Resume[] {
  return [...[...subscribed].sort(), reservedChannels.inbox]
    .filter((name) => asked.every(({ channelId }) => channelId !== name))
    .map((channelId) => ({ channelId, since: undefined }));
}
