/**
 * Accepts one message: writes it to its log, or returns the reason of the rejection. An accepted message is durable before
 * the ACK and before any delivery (ACK-2).
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
  type ParsedMessage,
} from '../../protocol/index';
import { liveConnections, type LiveDependencies } from '../agents/live-connections';
import type { Receiver } from '../delivery/fan-out';
import type { Outgoing } from '../delivery/outgoing';
import { findReceiversOrRecordMissed } from '../inbox/record-missed';
import { admitReceiver, TooManyUnknownAgents, type UnknownAgentDependencies } from '../inbox/unknown-agents';
import { listChannel } from '../log/channel-directory';
import { claim, type Claimed } from '../log/claim';
import type { FreeSlot, LogTails } from '../log/log-tail';
import { bodyOf } from '../log/stored-message';
import type { MissedMessage } from '../shared/stores/agent-store';
import type { Caller } from '../shared/caller';
import type { ChannelDirectory } from '../shared/stores/channel-directory';
import type { Connection } from '../shared/stores/connection-store';
import type { Deadline } from '../shared/deadline';
import type { HistoryStore } from '../shared/stores/history-store';
import type { Logger, NewId } from '../shared/ports';
import { channelSubject, inboxSubject } from '../shared/subjects';
import type { DailyQuotas } from './rates/daily-quotas';
import type { Destination } from './route-frame';

export interface AcceptDependencies extends LiveDependencies, Omit<UnknownAgentDependencies, 'agents'> {
  readonly history: HistoryStore;
  readonly directory: ChannelDirectory;
  readonly newId: NewId;
  readonly log: Logger;
  /** How long a message stays in its log; 0 = no log, so every message is ephemeral (ACK-7). */
  readonly retentionMs: number;
  /** Absent = a tenant may store and have delivered what it likes. */
  readonly daily?: DailyQuotas | undefined;
}

export interface Accepted {
  readonly ok: true;
  readonly messageId: string;
  /** In its log; absent = ephemeral. */
  readonly position: Position | undefined;
  readonly outgoing: Pick<Outgoing, 'textFor' | 'expiresAt'>;
  /** ACK text when the frame had an id. */
  readonly ack: string | undefined;
  readonly isDuplicate: boolean;
  /** DIR-4: in the inbox of an agent that is not connected. */
  readonly isStored: boolean;
  /** DIR-4: an event may be due that says that the agent has mail. */
  readonly isWakeDue: boolean;
  /** Direct messages: the connections right after the write. When there are none, the message is recorded as missed. */
  readonly receivers: readonly Receiver[] | undefined;
  /** Direct messages in the inbox that have receivers: the record to write if every post fails. */
  readonly missedIfUndelivered: MissedMessage | undefined;
}

export type Acceptance = Accepted | { readonly ok: false; readonly error: Omit<ErrorDetails, 'messageId'> };

/** One message frame and its index in the text message, from 0. */
export interface Publication {
  readonly frame: ParsedMessage;
  readonly destination: Destination;
  readonly index: number;
}

/** Of a message in its largest form, what its stored body lacks: five ids of 128 characters, each of six bytes at most, and the rest. */
const maxEnvelopeBytes = 5_000;

/** Throws what the stores throw. */
export async function accept(
  deps: AcceptDependencies,
  caller: Caller,
  publication: Publication,
  tails: LogTails,
  deadline: Deadline,
): Promise<Acceptance> {
  const { frame, destination } = publication;
  const message = toMessage(publication, caller, deps.newId, tails.arrival.sentAt);
  const body = bodyOf(message);
  if (isTooLarge(message, body)) return rejected('payload_too_large');
  const isEphemeral = frame.ephemeral || deps.retentionMs === 0;
  const usedUp = deps.daily?.usedUp(caller.tenantId, !isEphemeral); // RAT-8
  if (usedUp !== undefined) return overLimit(`The tenant has used up its quota ${usedUp}`);
  if (destination.kind === 'agent' && frame.expectsReply) {
    // DIR-5
    if (!(await hasResponder(deps, caller, destination.agentId))) return rejected('no_responders');
  }
  if (isExpired(message, deps.clock.now())) return rejected('request_expired'); // REQ-3
  if (isEphemeral) return acceptEphemeral(deps, caller, publication, message);
  try {
    return await acceptDurable(deps, caller, publication, { message, body }, tails, deadline);
  } catch (error) {
    if (error instanceof TooManyUnknownAgents) return overLimit(error.message);
    throw error;
  }
}

/** ERR-6. A later timestamp in the log does not make it longer. The text is written only when it may be too long. */
function isTooLarge(message: Message, body: string): boolean {
  return (
    Buffer.byteLength(body) + maxEnvelopeBytes > limits.storedMessageBytes &&
    largestBytes(messageText(message), message) > limits.storedMessageBytes
  );
}

function rejected(code: ErrorDetails['code'], retryAfterMs?: number): Acceptance {
  return { ok: false, error: { code, retryAfterMs } };
}

function overLimit(text: string): Acceptance {
  return { ok: false, error: { code: 'limit_exceeded', text } };
}

async function hasResponder(deps: LiveDependencies, caller: Caller, agentId: string): Promise<boolean> {
  const connections = await liveConnections(deps, caller.tenantId, agentId);
  return connections.some(({ connectionId }) => connectionId !== caller.connectionId);
}

function isExpired({ expiresAt = Infinity }: Message, now: number): boolean {
  return expiresAt <= now;
}

/** DIR-6, ACK-4: neither stored nor numbered. */
async function acceptEphemeral(
  deps: LiveDependencies,
  caller: Caller,
  { frame, destination }: Publication,
  message: Message,
): Promise<Accepted> {
  const connections =
    destination.kind === 'channel'
      ? undefined
      : await liveConnections(deps, caller.tenantId, destination.agentId);
  const receivers = connections?.map((connection) => toReceiver(connection, caller));
  return accepted(frame, message, { status: 'accepted', receivers });
}

async function acceptDurable(
  deps: AcceptDependencies,
  caller: Caller,
  { frame, destination, index }: Publication,
  { message, body }: { readonly message: Message; readonly body: string },
  tails: LogTails,
  deadline: Deadline,
): Promise<Acceptance> {
  const { tenantId } = caller;
  const { expiresAt = Infinity } = message;
  const isRetry = frame.retry && frame.id !== undefined; // ACK-8
  const { retentionMs } = deps;
  const entry = {
    ...{ id: message.id, index, isRetry, body, retentionMs },
    beforePut: (slot: FreeSlot) =>
      destination.kind === 'channel'
        ? listChannel(deps, tenantId, destination.channelId, slot)
        : admitReceiver(deps, tenantId, destination.agentId, slot),
  };
  // A request is not written after it has expired.
  const putDeadline = deadline.within(expiresAt - deps.clock.now());
  const claimed = await claim(deps, tails.of(subjectOf(tenantId, destination)), entry, putDeadline);
  if (claimed === undefined)
    return isExpired(message, deps.clock.now()) ? rejected('request_expired') : rejected('unavailable', 500);
  if (claimed.status === 'claimed') deps.daily?.add(tenantId, { storedBytes: Buffer.byteLength(body) });
  const { position, timestamp } = claimed;
  const stored = { ...message, timestamp };
  const status = claimed.status === 'duplicate' ? 'duplicate' : 'accepted';
  if (destination.kind === 'channel') return accepted(frame, stored, { status, position });
  const missed = missedMessage(tenantId, destination.agentId, claimed);
  // A duplicate needs this too: its first attempt may have ended between the write and the record.
  const {
    connections: live,
    isWakeDue,
    isKnown,
  } = await findReceiversOrRecordMissed(deps, missed, new Set(), deadline);
  const seemsKnown = isKnown || caller.level === 0; // DIR-7
  if (status === 'duplicate')
    return accepted(frame, stored, { status, position, isWakeDue, isKnown: seemsKnown });
  // DIR-4
  if (live.length === 0)
    return accepted(frame, stored, {
      status: 'stored',
      position,
      receivers: [],
      isWakeDue,
      isKnown: seemsKnown,
    });
  const receivers = live.map((connection) => toReceiver(connection, caller));
  return accepted(frame, stored, { status, position, receivers, missedIfUndelivered: missed });
}

function subjectOf(tenantId: string, destination: Destination): string {
  return destination.kind === 'channel'
    ? channelSubject(tenantId, destination.channelId)
    : inboxSubject(tenantId, destination.agentId);
}

function missedMessage(
  tenantId: string,
  agentId: string,
  { position, expiresAt }: Pick<Claimed, 'position' | 'expiresAt'>,
): MissedMessage {
  return { tenantId, agentId, sequence: position.sequence, expiresAt };
}

function accepted(
  frame: ParsedMessage,
  message: Message,
  result: {
    readonly status: AckStatus;
    readonly position?: Position | undefined;
    readonly receivers?: readonly Receiver[] | undefined;
    readonly missedIfUndelivered?: MissedMessage | undefined;
    readonly isWakeDue?: boolean;
    readonly isKnown?: boolean;
  },
): Accepted {
  const { status, position, receivers, missedIfUndelivered, isWakeDue = false, isKnown = true } = result;
  const textFor = (level: number): string =>
    level === 0 ? messageText(message) : levelOneText(message, position);
  return {
    ok: true,
    messageId: message.id,
    position,
    outgoing: { textFor, expiresAt: message.expiresAt },
    // ACK-1; ACK-3: the timestamp of the message.
    ack: frame.id === undefined ? undefined : ackText(frame.id, message.timestamp, status, position, isKnown),
    isDuplicate: status === 'duplicate',
    isStored: status === 'stored',
    isWakeDue,
    receivers,
    missedIfUndelivered,
  };
}

/** MSG-1: the fields of the service. */
function toMessage(
  { frame, destination }: Publication,
  caller: Caller,
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
    ...(frame.timeoutMs !== undefined && { expiresAt: timestamp + frame.timeoutMs }), // REQ-1
  };
}

export function toReceiver(
  { connectionId, agentId, level, expiresAt }: Connection,
  caller: Caller,
): Receiver {
  // Only the connection of the sender uses `echo`, and its value is in the authorizer context.
  return { connectionId, agentId, level, expiresAt, echo: caller.echo };
}
