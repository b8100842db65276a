/**
 * Accepts one message: gives it a place in its log, or says why not. What is accepted is durable before anybody hears of it.
 */
import {
  ackText,
  type AckStatus,
  type ErrorDetails,
  largestBytes,
  levelOneText,
  limits,
  type Message,
  messageText,
  type Position,
  type PublishFrame,
} from '../../protocol/index';
import type { Caller } from '../shared/caller';
import { claim } from '../log/claim';
import type { Deadline } from '../shared/deadline';
import { errorFields } from '../shared/error-fields';
import type { FanOutDependencies, Receiver } from '../delivery/fan-out';
import { liveConnections } from '../agents/live-connections';
import type { LogTails } from '../log/log-tail';
import { findReceiversOrRecordMissed } from '../inbox/record-missed';
import type { MissedMessage } from '../shared/agent-store';
import type { Connection } from '../shared/connection-store';
import type { HistoryStore } from '../shared/history-store';
import type { NewId } from '../shared/ports';
import type { Destination } from './route-frame';
import { bodyOf } from '../log/stored-message';
import type { HandOverDependencies } from '../delivery/wide-channel';
import { channelSubject, inboxSubject } from '../shared/subjects';

export interface AcceptDependencies extends FanOutDependencies, HandOverDependencies {
  readonly history: HistoryStore;
  readonly newId: NewId;
  /** How long a message stays in its log; 0 = no log, so that every message is ephemeral. */
  readonly retentionMs: number;
}

export interface Accepted {
  readonly ok: true;
  readonly textFor: (level: number) => string;
  /** Of a request: from then on it is not posted, epoch milliseconds. */
  readonly expiresAt: number | undefined;
  /** ACK text when the frame had an id. */
  readonly ack: string | undefined;
  readonly isDuplicate: boolean;
  readonly isDurable: boolean;
  /** Direct messages: who was connected right after the put. Nobody: it is noted as missed. */
  readonly receivers: readonly Receiver[] | undefined;
  /** Direct messages that are in the inbox and have receivers: what to note if none of them takes it. */
  readonly missedIfUndelivered: MissedMessage | undefined;
}

export type Acceptance = Accepted | { readonly ok: false; readonly error: Omit<ErrorDetails, 'messageId'> };

const unavailable: Acceptance = { ok: false, error: { code: 'unavailable', retryAfterMs: 500 } };
const requestExpired: Acceptance = { ok: false, error: { code: 'request_expired' } };

/** Where a frame stands in its text message, and what that message knows of the logs. */
export interface FrameContext {
  /** From 0. */
  readonly index: number;
  readonly tails: LogTails;
}

/** Throws what the stores throw. */
export async function accept(
  deps: AcceptDependencies,
  caller: Caller,
  frame: PublishFrame,
  destination: Destination,
  deadline: Deadline,
  { index, tails }: FrameContext,
): Promise<Acceptance> {
  const { sentAt } = tails.arrival;
  const message = toMessage(frame, caller, destination, deps.newId, sentAt);
  // A later timestamp in the log makes it no longer.
  if (largestBytes(messageText(message), message) > limits.storedMessageBytes)
    return { ok: false, error: { code: 'payload_too_large' } };

  if (destination.kind === 'agent' && frame.expectsReply) {
    const others = (await liveConnections(deps, caller.tenantId, destination.agentId)).filter(
      (connection) => connection.connectionId !== caller.connectionId,
    );
    if (others.length === 0) return { ok: false, error: { code: 'no_responders' } };
  }

  const { expiresAt = Infinity } = message;
  if (expiresAt <= deps.clock.now()) return requestExpired;
  if (frame.ephemeral || deps.retentionMs === 0) {
    const receivers = await directReceivers(deps, caller, destination);
    return accepted(frame, message, {
      textFor: textsOf(message),
      timestamp: sentAt,
      status: 'accepted',
      receivers,
    });
  }

  const subject =
    destination.kind === 'channel'
      ? channelSubject(caller.tenantId, destination.channelId)
      : inboxSubject(caller.tenantId, destination.agentId);
  const isRetry = frame.retry && frame.id !== undefined;
  const wanted = { id: message.id, index, isRetry, body: bodyOf(message), retentionMs: deps.retentionMs };
  // No put begins when nobody waits for the reply any more.
  const putDeadline = deadline.within(expiresAt - deps.clock.now());
  const claimed = await claim(deps, tails.of(subject), wanted, putDeadline);
  if (claimed === undefined) return expiresAt <= deps.clock.now() ? requestExpired : unavailable;
  const { position, timestamp } = claimed;
  const isDuplicate = claimed.status === 'duplicate';
  const placed = { textFor: textsOf({ ...message, timestamp }, position), timestamp, position };
  if (destination.kind === 'channel')
    return accepted(frame, message, { ...placed, status: isDuplicate ? 'duplicate' : 'accepted' });

  // Also for a duplicate: its first attempt may have ended between the put and the note. What was live then is over.
  const { tenantId } = caller;
  const { sequence } = position;
  const missed = { tenantId, agentId: destination.agentId, sequence, expiresAt: claimed.expiresAt };
  const live = await receiversAfterPut(deps, missed, deadline);
  if (isDuplicate) return accepted(frame, message, { ...placed, status: 'duplicate' });
  const receivers = live.map((connection) => toReceiver(connection, caller));
  const isStored = receivers.length === 0;
  const status = isStored ? 'stored' : 'accepted';
  const missable = isStored ? undefined : missed;
  return accepted(frame, message, { ...placed, status, receivers, missable });
}

function textsOf(message: Message, position?: Position): (level: number) => string {
  return (level) => (level === 0 ? messageText(message) : levelOneText(message, position));
}

function accepted(
  frame: PublishFrame,
  { expiresAt }: Message,
  result: {
    readonly textFor: (level: number) => string;
    readonly timestamp: number;
    readonly status: AckStatus;
    readonly position?: Position | undefined;
    readonly receivers?: readonly Receiver[] | undefined;
    readonly missable?: MissedMessage | undefined;
  },
): Accepted {
  const { textFor, timestamp, status, position, receivers, missable } = result;
  return {
    ok: true,
    textFor,
    expiresAt,
    ack: frame.id === undefined ? undefined : ackText(frame.id, timestamp, status, position),
    isDuplicate: status === 'duplicate',
    isDurable: position !== undefined,
    receivers,
    missedIfUndelivered: missable,
  };
}

function toMessage(
  frame: PublishFrame,
  caller: Caller,
  destination: Destination,
  newId: NewId,
  timestamp: number,
): Message {
  const { type, content, metadata, extra } = frame;
  return {
    id: frame.id ?? newId(),
    type,
    content,
    metadata,
    extra,
    tenantId: caller.tenantId,
    agentId: caller.agentId,
    channelId: destination.kind === 'channel' ? destination.channelId : undefined,
    to: destination.kind === 'agent' ? destination.agentId : undefined,
    timestamp,
    ...(frame.timeoutMs !== undefined && { expiresAt: timestamp + frame.timeoutMs }),
  };
}

async function directReceivers(
  deps: AcceptDependencies,
  caller: Caller,
  destination: Destination,
): Promise<readonly Receiver[] | undefined> {
  if (destination.kind === 'channel') return undefined;
  const connections = await liveConnections(deps, caller.tenantId, destination.agentId);
  return connections.map((connection) => toReceiver(connection, caller));
}

/**
 * The message is in the log by now. When nobody can tell who is connected, it is noted as missed, so that it is pushed
 * later rather than posted now. Throws when neither could be done: the sender has to try again.
 */
async function receiversAfterPut(
  deps: AcceptDependencies,
  missed: MissedMessage,
  deadline: Deadline,
): Promise<readonly Connection[]> {
  try {
    return await findReceiversOrRecordMissed(deps, missed, new Set(), deadline);
  } catch (error) {
    deps.log.error('receivers_unknown', { tenant_id: missed.tenantId, ...errorFields(error) });
    await deps.agents.recordMissed(missed, undefined);
    return [];
  }
}

export function toReceiver(
  { connectionId, agentId, level, expiresAt }: Connection,
  caller: Caller,
): Receiver {
  // Only the sender's own connection ever asks for `echo`, and what it wants is in its authorizer context.
  return { connectionId, agentId, level, expiresAt, echo: caller.echo };
}
