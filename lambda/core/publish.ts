/**
 * One text message of a client, from parsed frames to ACKs and deliveries.
 * Frames are accepted one after another, so that their order holds; ACKs and the fan-out start as soon as they may.
 */
import type { ErrorDetails, ParsedFrame, Position, PublishFrame } from '../../protocol/index';
import { accept, type AcceptDependencies, type Acceptance } from './accept';
import type { Caller } from './caller';
import type { Deadline } from './deadline';
import { errorFields } from './error-fields';
import { fanOut, type FanOutCounts, type Outgoing, type Receiver } from './fan-out';
import { Unavailable } from './ports';
import { Replies } from './replies';
import { RetryingSender } from './retrying-sender';
import { type Destination, routeFrame } from './route-frame';

/** What a frame needs at least to be accepted; the rest of a batch that DynamoDB held up is not begun. */
const leastMs = 1_200;

/** Messages of one batch for one channel or agent: they share one look at who is to get them. */
interface Delivery {
  readonly destination: Destination;
  readonly messages: Outgoing[];
  isDurable: boolean;
  receivers: readonly Receiver[] | undefined;
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
export async function publish(
  deps: AcceptDependencies,
  caller: Caller,
  frames: readonly ParsedFrame[],
  deadline: Deadline,
  options: { readonly tooLate: boolean },
): Promise<PublishSummary> {
  const sender = new RetryingSender(deps.sender, deps.clock, deadline);
  const replies = new Replies(sender, caller.connectionId, deps.clock, deps.log, deadline);
  const deliveries = new Map<string, Delivery>();
  const positions = new Map<string, Position>();
  const errors: string[] = [];
  let acceptedFrames = 0;
  let duplicates = 0;

  const refuse = (error: ErrorDetails): void => {
    // Counted by whoever refused it: a line that lists them one by one is what a flood would like.
    if (error.code !== 'rate_limited') errors.push(error.code);
    void replies.error(error);
  };

  for (const parsed of frames) {
    if (!parsed.ok) {
      refuse(parsed.error);
      continue;
    }
    const { frame } = parsed;
    const messageId = frame.id;
    // The client has given up on it, or will have: what it hears now must not be that all is well.
    if (options.tooLate) {
      refuse({ code: 'unavailable', messageId, retryAfterMs: 500 });
      continue;
    }
    if (caller.tokenExpiresAt <= deps.clock.now()) {
      refuse({ code: 'token_expired', messageId });
      continue;
    }
    if (deadline.remainingMs < leastMs) {
      refuse({ code: 'unavailable', messageId, retryAfterMs: 500 });
      continue;
    }
    const routing = routeFrame(frame, caller);
    if (!routing.ok) {
      refuse({ ...routing.error, messageId });
      continue;
    }
    const { destination } = routing;
    const key =
      destination.kind === 'channel' ? `channel/${destination.channelId}` : `agent/${destination.agentId}`;
    const result = await acceptSafely(deps, caller, frame, destination, deadline, positions.get(key));
    if (!result.ok) {
      // After an unclear end the next sequence is unknown: the next frame reads the head again.
      positions.delete(key);
      refuse({ ...result.error, messageId });
      continue;
    }
    acceptedFrames += 1;
    const acknowledged = result.ack === undefined ? replies.settled : replies.send(result.ack);
    if (result.isDuplicate) {
      positions.delete(key);
      duplicates += 1;
      continue;
    }
    if (result.position !== undefined) positions.set(key, result.position);
    const delivery: Delivery = deliveries.get(key) ?? {
      destination,
      messages: [],
      isDurable: false,
      receivers: undefined,
    };
    delivery.messages.push({ text: result.text, acknowledged, echo: frame.echo });
    delivery.isDurable ||= result.isDurable;
    delivery.receivers = result.receivers ?? delivery.receivers;
    deliveries.set(key, delivery);
  }

  const delivered: FanOutCounts = {};
  await Promise.all(
    [...deliveries.values()].map((delivery) => deliver(deps, sender, caller, delivery, deadline, delivered)),
  );
  await replies.settled;
  return { frames: frames.length, accepted: acceptedFrames, duplicates, errors: errors.join(), delivered };
}

async function acceptSafely(
  deps: AcceptDependencies,
  caller: Caller,
  frame: PublishFrame,
  destination: Destination,
  deadline: Deadline,
  after: Position | undefined,
): Promise<Acceptance> {
  try {
    return await accept(deps, caller, frame, destination, deadline, after);
  } catch (error) {
    const code = error instanceof Unavailable ? 'unavailable' : 'internal';
    deps.log.error('publish_failed', {
      connection_id: caller.connectionId,
      tenant_id: caller.tenantId,
      ...errorFields(error),
    });
    return { ok: false, error: { code, retryAfterMs: 500 } };
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
  const { destination, messages, receivers } = delivery;
  const { tenantId, connectionId: senderConnectionId } = caller;
  const channelId = destination.kind === 'channel' ? destination.channelId : undefined;
  const pages =
    channelId === undefined
      ? onePage(receivers ?? [])
      : deps.connections.subscribers(tenantId, channelId, delivery.isDurable);
  try {
    const target = { tenantId, channelId, senderConnectionId };
    const counts = await fanOut(deps, sender, target, messages, pages, deadline);
    for (const [outcome, n] of Object.entries(counts) as [keyof FanOutCounts, number][]) {
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

async function* onePage<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield await Promise.resolve(items);
}
