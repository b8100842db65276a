/**
 * Control frames of a client, checked field by field: what is not a message but asks the service for something.
 * The answers are in server-frames.ts.
 */
import { isAbsent, isJsonObject, type JsonObject } from './json';
import { limits } from './limits';
import type { ErrorDetails, Position } from './messages';
import { isChannel, isId, reservedChannels } from './names';
import { type OwnPresence, type PresenceFrame, readOwnPresence, readPresence } from './presence';

/** A channel to be subscribed by `hello`, and where the client stands in it. */
export interface Resume {
  readonly channelId: string;
  /** Absent: subscribe without a replay. */
  readonly since: Position | undefined;
  /** Of `$inbox`: how far the client's handlers are. Absent for a client that does not report it. */
  readonly handled?: Handled;
}

/** Everything up to the position has been handled; `none` when there is no position yet. */
export type Handled = Position | 'none';

export interface HelloFrame {
  readonly type: 'hello';
  readonly id: string | undefined;
  readonly resume: readonly Resume[];
  readonly own: OwnPresence;
}

export interface SubscribeFrame {
  readonly type: 'subscribe';
  readonly id: string;
  readonly channelId: string;
  readonly since: Position | undefined;
}

export interface UnsubscribeFrame {
  readonly type: 'unsubscribe';
  readonly id: string;
  readonly channelId: string;
}

export interface HistoryFrame {
  readonly type: 'history';
  readonly id: string;
  readonly channelId: string;
  /** Neither: the newest messages. */
  readonly after: Position | undefined;
  readonly before: Position | undefined;
  readonly limit: number;
}

export interface PingFrame {
  readonly type: 'ping';
  readonly id: string | undefined;
  readonly channels: readonly Resume[];
}

export type ControlFrame =
  HelloFrame | SubscribeFrame | UnsubscribeFrame | HistoryFrame | PresenceFrame | PingFrame;

type Complaint = Pick<ErrorDetails, 'code' | 'text'>;

/** A control frame, or what is wrong with it. */
export type ControlReading = ControlFrame | Complaint;

const parsers: Readonly<Record<ControlFrame['type'], (frame: JsonObject) => ControlReading>> = {
  hello: readHello,
  subscribe: readSubscribe,
  unsubscribe: readUnsubscribe,
  history: readHistory,
  presence: readPresence,
  ping: readPing,
};

export function isControlType(type: string): type is ControlFrame['type'] {
  return Object.hasOwn(parsers, type);
}

/** The frame's `type` is one of a control frame. */
export function readControl(type: ControlFrame['type'], frame: JsonObject): ControlReading {
  return parsers[type](frame);
}

function readHello(frame: JsonObject): ControlReading {
  const id = optionalId(frame.id);
  if (id === null) return wrong('"id" must be a string of 1–128 characters');
  const resume = readList('resume', frame.resume, limits.channels, isSubscribable);
  if (!Array.isArray(resume)) return resume;
  if (!isClient(frame.client))
    return wrong('"client" must be an object with "name" and "version", texts of 1–128 characters');
  const own = readOwnPresence(frame);
  return 'code' in own ? own : { type: 'hello', id, resume, own };
}

function readSubscribe(frame: JsonObject): ControlReading {
  const target = readTarget(frame, isSubscribable);
  if (!isTarget(target)) return target;
  const since = optionalPosition(frame.since);
  if (since === null) return wrong(`"since" ${positionShape}`);
  return { type: 'subscribe', ...target, since };
}

function readUnsubscribe(frame: JsonObject): ControlReading {
  const target = readTarget(frame, isSubscribable);
  return isTarget(target) ? { type: 'unsubscribe', ...target } : target;
}

function readHistory(frame: JsonObject): ControlReading {
  const target = readTarget(frame, hasLog);
  if (!isTarget(target)) return target;
  const after = optionalPosition(frame.after);
  if (after === null) return wrong(`"after" ${positionShape}`);
  const before = optionalPosition(frame.before);
  if (before === null) return wrong(`"before" ${positionShape}`);
  if (after !== undefined && before !== undefined) return wrong('Give "after" or "before", not both');
  const limit = frame.limit ?? limits.historyDefault;
  if (!isCount(limit) || limit < 1 || limit > limits.historyMessages) {
    return wrong(`"limit" must be a whole number from 1 to ${limits.historyMessages}`);
  }
  return { type: 'history', ...target, after, before, limit };
}

function readPing(frame: JsonObject): ControlReading {
  const id = optionalId(frame.id);
  if (id === null) return wrong('"id" must be a string of 1–128 characters');
  const channels = readList('channels', frame.channels, limits.pingChannels, hasLog);
  if (!Array.isArray(channels)) return channels;
  return { type: 'ping', id, channels };
}

interface Target {
  readonly id: string;
  readonly channelId: string;
}

type ChannelTest = (value: unknown) => value is string;

function readTarget({ id, channel_id }: JsonObject, isAllowed: ChannelTest): Target | Complaint {
  if (!isId(id)) return wrong('"id" must be a string of 1–128 characters');
  if (!isAllowed(channel_id)) return wrong('"channel_id" must be 1–128 of A–Z a–z 0–9 . _ : -');
  return { id, channelId: channel_id };
}

function isTarget(reading: Target | Complaint): reading is Target {
  return 'channelId' in reading;
}

/** Channels with positions, or what is wrong with them. An absent list is empty; of a channel named twice the last entry counts. */
function readList(name: string, value: unknown, most: number, isAllowed: ChannelTest): Resume[] | Complaint {
  const complaint = wrong(`"${name}" must be a list of channels with their positions`);
  if (isAbsent(value)) return [];
  if (!Array.isArray(value)) return complaint;
  if (value.length > most)
    return { code: 'limit_exceeded', text: `"${name}" holds at most ${most} channels` };
  const found = new Map<string, Resume>();
  for (const item of value as unknown[]) {
    if (!isJsonObject(item) || !isAllowed(item.channel_id)) return complaint;
    const { channel_id: channelId, epoch, sequence } = item;
    const since = isAbsent(epoch) && isAbsent(sequence) ? undefined : optionalPosition(item);
    const handled = channelId === reservedChannels.inbox ? readHandled(item.handled) : undefined;
    if (since === null || handled === null) return complaint;
    found.set(channelId, { channelId, since, ...(handled !== undefined && { handled }) });
  }
  return [...found.values()];
}

/** A position or an empty object; `null` for anything else that is there. */
function readHandled(value: unknown): Handled | undefined | null {
  if (isAbsent(value)) return undefined;
  const isNone = isJsonObject(value) && isAbsent(value.epoch) && isAbsent(value.sequence);
  return isNone ? 'none' : (optionalPosition(value) ?? null);
}

const positionShape = 'must be an object with "epoch" (text) and "sequence" (a whole number)';

/** `null` for what is neither absent nor a position. */
function optionalPosition(value: unknown): Position | undefined | null {
  if (isAbsent(value)) return undefined;
  if (!isJsonObject(value)) return null;
  const { epoch, sequence } = value;
  return isId(epoch) && isCount(sequence) ? { epoch, sequence } : null;
}

/** What a program says of itself is for people only, but a mistake in it is told. */
function isClient(value: unknown): boolean {
  if (isAbsent(value)) return true;
  return isJsonObject(value) && [value.name, value.version].every((text) => isAbsent(text) || isId(text));
}

function optionalId(id: unknown): string | undefined | null {
  if (isAbsent(id)) return undefined;
  return isId(id) ? id : null;
}

/** `$presence` has none: it only tells what is. */
function hasLog(value: unknown): value is string {
  return isChannel(value) || value === reservedChannels.inbox;
}

function isSubscribable(value: unknown): value is string {
  return hasLog(value) || value === reservedChannels.presence;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function wrong(text: string): Complaint {
  return { code: 'invalid_message', text };
}
