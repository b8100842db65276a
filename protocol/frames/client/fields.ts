/**
 * The fields that several control frames share, and their guards.
 */
import type { ErrorDetails } from '../server/error';
import { isAbsent, isJsonObject, type JsonObject } from '../../json';
import { isChannel, isId, reservedChannels } from '../../names';
import type { ChannelOrPresence, Id, Position, Sequence } from '../values';

export type Complaint = Pick<ErrorDetails, 'code' | 'text'>;

/** A channel with the client's position in it. */
export type ResumeEntry = UnknownPositionEntry | KnownPositionEntry | InboxEntry;

interface UnknownPositionEntry {
  readonly channel_id: ChannelOrPresence;
  readonly epoch?: null | undefined;
  readonly sequence?: null | undefined;
}

interface KnownPositionEntry {
  readonly channel_id: ChannelOrPresence;
  readonly epoch: Id;
  readonly sequence: Sequence;
}

/** The inbox, with or without a position, and how far the client has handled it. */
export type InboxEntry = UnknownInboxEntry | KnownInboxEntry;

interface UnknownInboxEntry {
  readonly channel_id: '$inbox';
  readonly epoch?: null | undefined;
  readonly sequence?: null | undefined;
  readonly handled?: HandledEntry | null | undefined;
}

interface KnownInboxEntry {
  readonly channel_id: '$inbox';
  readonly epoch: Id;
  readonly sequence: Sequence;
  readonly handled?: HandledEntry | null | undefined;
}

/** Everything up to the position has been handled; without one nothing has. */
type HandledEntry = Position | NoPosition;

interface NoPosition {
  readonly epoch?: null | undefined;
  readonly sequence?: null | undefined;
}

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

export interface Target {
  readonly id: string;
  readonly channelId: string;
}

type ChannelTest = (value: unknown) => value is string;

export function readTarget(
  id: string | undefined,
  { channel_id }: JsonObject,
  isAllowed: ChannelTest,
): Target | Complaint {
  if (id === undefined) return wrong('"id" must be a string of 1–128 characters');
  if (!isAllowed(channel_id)) return wrong('"channel_id" must be 1–128 of A–Z a–z 0–9 . _ : -');
  return { id, channelId: channel_id };
}

export function isTarget(reading: Target | Complaint): reading is Target {
  return 'channelId' in reading;
}

/** Channels with positions, or what is wrong with them. An absent list is empty; of a channel named twice the last entry counts. */
export function readList(
  name: string,
  value: unknown,
  most: number,
  isAllowed: ChannelTest,
): Resume[] | Complaint {
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

export const positionShape = 'must be an object with "epoch" (text) and "sequence" (a whole number)';

/** `null` for what is neither absent nor a position. */
export function optionalPosition(value: unknown): Position | undefined | null {
  if (isAbsent(value)) return undefined;
  if (!isJsonObject(value)) return null;
  const { epoch, sequence } = value;
  return isId(epoch) && isCount(sequence) ? { epoch, sequence } : null;
}

/** `$presence` has none: it only tells what is. */
export function hasLog(value: unknown): value is string {
  return isChannel(value) || value === reservedChannels.inbox;
}

export function isSubscribable(value: unknown): value is string {
  return hasLog(value) || value === reservedChannels.presence;
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function wrong(text: string): Complaint {
  return { code: 'invalid_message', text };
}
