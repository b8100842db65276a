/**
 * `hello`: subscribes what the client names, says where everything stands, and replays what it has missed.
 */
import {
  type ChannelState,
  type HelloFrame,
  reservedChannels,
  type Resume,
  welcomeText,
} from '../../protocol/index';
import type { Caller } from '../shared/caller';
import { type ControlDependencies, type ControlOutcome, notSubscribed, stateLost } from './control-outcome';
import { mapStoreCalls } from '../shared/each-concurrently';
import { inboxPosition, replayInbox } from '../inbox/hello-inbox';
import { replay, ReplayBudget } from './replay';
import { setPresence } from './presence';
import { mayUse, channelPosition } from '../log/channel-position';
import { subscribe } from './subscribe';

/** Throws what the stores throw. */
export async function hello(
  deps: ControlDependencies,
  caller: Caller,
  frame: HelloFrame,
): Promise<ControlOutcome> {
  const granted = frame.resume.filter(({ channelId }) => mayUse(caller, channelId, 'subscribe'));
  const added = await subscribe(
    deps.connections,
    caller,
    granted.map(({ channelId }) => channelId).filter((channelId) => channelId !== reservedChannels.inbox),
    // WELCOME names them all.
    true,
  );
  if (added.outcome !== 'added') return notSubscribed(added.outcome);

  const { status, capabilities } = frame.own;
  const isEmptyHello = status === undefined && capabilities === undefined;
  const said = isEmptyHello ? undefined : await setPresence(deps, caller, frame.own);
  if (said === undefined && !isEmptyHello) return stateLost();

  // The original protocol has no WELCOME to name more than is to be replayed.
  const asked = caller.level === 0 ? granted : [...granted, ...unasked(added.channels, granted)];
  const places = await mapStoreCalls(asked, (resume) =>
    resume.channelId === reservedChannels.inbox
      ? inboxPosition(deps, caller, resume)
      : channelPosition(deps, caller, resume),
  );
  const forbidden = frame.resume
    .filter((resume) => !granted.includes(resume))
    .map(({ channelId }): ChannelState => ({
      channelId,
      head: undefined,
      recovered: false,
      reason: 'forbidden',
    }));
  const welcome = welcomeText(
    {
      messageId: frame.id,
      connectionId: caller.connectionId,
      tenantId: caller.tenantId,
      agentId: caller.agentId,
      tokenExpiresAt: caller.tokenExpiresAt,
      channels: [...places.map(({ state }) => state), ...forbidden],
    },
    deps.clock.now(),
  );
  return {
    ok: true,
    answer: [welcome],
    afterReply: async (sender, deadline) => {
      await said?.announce?.(sender, deadline);
      const budget = new ReplayBudget(deadline);
      for (const place of places) {
        if (place.inboxMark === undefined) await replay(deps, sender, caller, place, budget);
        else await replayInbox(deps, sender, caller, place, place.inboxMark, budget.deadline);
      }
    },
  };
}

/** The other channels that the connection is subscribed to, and the inbox. */
function unasked(subscribed: readonly string[], asked: readonly Resume[]): Resume[] {
  return [...[...subscribed].sort(), reservedChannels.inbox]
    .filter((name) => asked.every(({ channelId }) => channelId !== name))
    .map((channelId) => ({ channelId, since: undefined }));
}
