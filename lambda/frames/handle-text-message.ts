/**
 * One text message of a client, from parsed frames to ACKs and deliveries.
 * Frames are accepted one after another, so that their order holds; ACKs and the fan-out start as soon as they may.
 */
import {
  type ControlFrame,
  type ErrorDetails,
  frameId,
  goAwayText,
  type ParsedFrame,
  type PublishFrame,
} from '../../protocol/index';
import { accept, type AcceptDependencies, type Acceptance, type FrameContext } from '../publish/accept';
import type { Caller } from '../shared/caller';
import { control } from './control';
import type { AfterReply, ControlOutcome } from './control-outcome';
import type { Deadline } from '../shared/deadline';
import { deliverDirect } from '../publish/deliver-direct';
import { errorFields } from '../shared/error-fields';
import { fanOut, type FanOutCounts, type Receiver } from '../delivery/fan-out';
import { type Arrival, LogTails } from '../log/log-tail';
import type { Outgoing } from '../delivery/outgoing';
import type { MissedMessage } from '../shared/agent-store';
import { Unavailable } from '../shared/ports';
import { Replies } from './replies';
import { RetryingSender } from '../delivery/retrying-sender';
import { type Destination, routeFrame } from '../publish/route-frame';
import { splitToWorkers } from '../delivery/wide-channel';

/** What a frame needs at least to be accepted; the rest of a batch that DynamoDB held up is not begun. */
const minFrameMs = 1_200;

/** Messages of one batch for one channel or agent: they share one look at who is to get them. */
interface Delivery {
  readonly destination: Destination;
  readonly messages: Outgoing[];
  isDurable: boolean;
  receivers: readonly Receiver[];
  missedIfUndelivered: MissedMessage | undefined;
}

export interface PublishSummary {
  readonly frames: number;
  readonly accepted: number;
  readonly duplicates: number;
  /** Codes of the ERRORs, joined by commas. */
  readonly errors: string;
  readonly delivered: FanOutCounts;
}

/** Never throws: whatever happens to a frame becomes its ACK or ERROR. Ends when everything has been sent or given up. */
export async function handleTextMessage(
  deps: AcceptDependencies,
  caller: Caller,
  frames: readonly ParsedFrame[],
  deadline: Deadline,
  { requestId, sentAt }: Omit<Arrival, 'agentId'>,
): Promise<PublishSummary> {
  const sender = new RetryingSender(deps.sender, deps.clock, deadline);
  const replies = new Replies(sender, caller, deps.clock, deps.log, deadline);
  const deliveries = new Map<string, Delivery>();
  const delivered: FanOutCounts = {};
  const tails = new LogTails(deps, { agentId: caller.agentId, requestId, sentAt });
  const afterReply: AfterReply[] = [];
  const errors: string[] = [];
  let acceptedFrames = 0;
  let duplicates = 0;

  const refuse = (error: ErrorDetails): void => {
    // Counted by whoever refused it: a line that lists them one by one is what a flood would like.
    if (error.code !== 'rate_limited') errors.push(error.code);
    void replies.error(error);
  };

  /** Delivers what waits for the channel or agent. It ends before anything later to the same one begins. */
  const begin = async (key: string): Promise<void> => {
    const delivery = deliveries.get(key);
    if (delivery === undefined) return;
    deliveries.delete(key);
    // The sender's own copy waits for its ACK.
    void replies.flush();
    await deliver(deps, sender, caller, delivery, deadline, delivered);
  };

  for (const [index, parsed] of frames.entries()) {
    if (!parsed.ok) {
      refuse(parsed.error);
      continue;
    }
    const messageId = frameId(parsed);
    // A ping is how a client learns of it.
    const isPing = parsed.kind === 'control' && parsed.control.type === 'ping';
    if (caller.tokenExpiresAt <= deps.clock.now() && !isPing) {
      refuse({ code: 'token_expired', messageId });
      continue;
    }
    if (deadline.remainingMs < minFrameMs) {
      refuse({ code: 'unavailable', messageId, retryAfterMs: 500 });
      continue;
    }
    if (parsed.kind === 'control') {
      // A message that comes before it in the batch still reaches the connection.
      if (parsed.control.type === 'unsubscribe') await begin(`channel/${parsed.control.channelId}`);
      const outcome = await controlSafely(deps, caller, parsed.control, deadline);
      if (outcome.ok) {
        acceptedFrames += 1;
        for (const text of outcome.answer) void replies.send(text);
        if (outcome.afterReply !== undefined) afterReply.push(outcome.afterReply);
      } else {
        refuse({ ...outcome.error, messageId });
        if (outcome.goAway !== undefined && caller.level > 0)
          void replies.send(goAwayText(outcome.goAway, deps.clock.now()));
      }
      continue;
    }
    const { frame } = parsed;
    const routing = routeFrame(frame, caller);
    if (!routing.ok) {
      refuse({ ...routing.error, messageId });
      continue;
    }
    const { destination } = routing;
    const key =
      destination.kind === 'channel' ? `channel/${destination.channelId}` : `agent/${destination.agentId}`;
    const result = await acceptSafely(deps, caller, frame, destination, deadline, { index, tails });
    if (!result.ok) {
      refuse({ ...result.error, messageId });
      continue;
    }
    acceptedFrames += 1;
    const acknowledged = result.ack === undefined ? Promise.resolve() : replies.send(result.ack);
    if (result.isDuplicate) {
      duplicates += 1;
      continue;
    }
    const delivery: Delivery = deliveries.get(key) ?? {
      destination,
      messages: [],
      isDurable: false,
      receivers: [],
      missedIfUndelivered: undefined,
    };
    const { textFor, expiresAt } = result;
    delivery.messages.push({ textFor, acknowledged, echo: frame.echo, expiresAt });
    delivery.isDurable ||= result.isDurable;
    delivery.receivers = result.receivers ?? delivery.receivers;
    delivery.missedIfUndelivered ??= result.missedIfUndelivered;
    deliveries.set(key, delivery);
  }

  const answered = replies.flush();
  await Promise.all([
    ...[...deliveries.keys()].map(begin),
    ...afterReply.map((work) => answered.then(() => finish(deps, caller, () => work(sender, deadline)))),
  ]);
  await answered;
  return { frames: frames.length, accepted: acceptedFrames, duplicates, errors: errors.join(), delivered };
}

async function controlSafely(
  deps: AcceptDependencies,
  caller: Caller,
  frame: ControlFrame,
  deadline: Deadline,
): Promise<ControlOutcome> {
  try {
    return await control(deps, caller, frame, deadline);
  } catch (error) {
    return failed(deps, caller, 'control_failed', error);
  }
}

/** What follows an answer: when it breaks off, the client has the answer and asks again. */
async function finish(deps: AcceptDependencies, caller: Caller, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    failed(deps, caller, 'afterwards_failed', error);
  }
}

function failed(
  deps: AcceptDependencies,
  caller: Caller,
  event: string,
  error: unknown,
): { readonly ok: false; readonly error: Omit<ErrorDetails, 'messageId'> } {
  const { connectionId: connection_id, tenantId: tenant_id } = caller;
  deps.log.error(event, { connection_id, tenant_id, ...errorFields(error) });
  const code = error instanceof Unavailable ? 'unavailable' : 'internal';
  return { ok: false, error: { code, retryAfterMs: 500 } };
}

async function acceptSafely(
  deps: AcceptDependencies,
  caller: Caller,
  frame: PublishFrame,
  destination: Destination,
  deadline: Deadline,
  place: FrameContext,
): Promise<Acceptance> {
  try {
    return await accept(deps, caller, frame, destination, deadline, place);
  } catch (error) {
    return failed(deps, caller, 'publish_failed', error);
  }
}

async function deliver(
  deps: AcceptDependencies,
  sender: RetryingSender,
  caller: Caller,
  delivery: Delivery,
  deadline: Deadline,
  total: FanOutCounts,
): Promise<void> {
  const { tenantId, connectionId: senderConnectionId } = caller;
  try {
    const counts = await deliverTo(deps, sender, caller, delivery, deadline);
    for (const [outcome, n] of counts.flatMap(Object.entries) as [keyof FanOutCounts, number][]) {
      total[outcome] = (total[outcome] ?? 0) + n;
    }
  } catch (error) {
    // The log has the messages; those who were not reached find them there.
    deps.log.error('fan_out_failed', {
      connection_id: senderConnectionId,
      tenant_id: tenantId,
      ...errorFields(error),
    });
  }
}

async function deliverTo(
  deps: AcceptDependencies,
  sender: RetryingSender,
  caller: Caller,
  delivery: Delivery,
  deadline: Deadline,
): Promise<FanOutCounts[]> {
  const { destination, messages, isDurable } = delivery;
  if (destination.kind === 'agent') return deliverDirect(deps, sender, caller, delivery, deadline);
  const { tenantId, connectionId: senderConnectionId } = caller;
  const { channelId } = destination;
  const target = { tenantId, channelId, senderConnectionId };
  const pages = deps.connections.subscribers(tenantId, channelId, isDurable);
  const handed: FanOutCounts = {};
  const own = splitToWorkers(deps, target, messages, pages, deadline, handed);
  return [(await fanOut(deps, sender, target, messages, own, deadline)).counts, handed];
}
