/**
 * Grammar of ids, channel names and message types.
 * Ids come from tokens and clients (`auth0|7f…`, `team/a`, e-mail addresses), so nearly every character is allowed.
 */
import type { MessageType } from './frames/values';
import { limits } from './limits';

/** Channels of the service itself: never published to by clients, never matched by a `*` grant. */
export const reservedChannels = { presence: '$presence', inbox: '$inbox' } as const;

/** Asks for level 1, as a WebSocket sub-protocol or as `protocol` in the query. */
export const subProtocol = 'artcafe.v1';

const controlCharacter = /\p{Cc}/u;
const channelCharacters = /^[A-Za-z0-9._:-]+$/;
const typeGrammar = /^[a-z][a-z0-9._:-]*$/;

/** Whether the value is a tenant, agent, message or correlation id: 1–128 characters, none of them a control character or half a surrogate pair. */
export function isId(value: unknown): value is string {
  return isPlainText(value, limits.idLength);
}

/** Whether the value can be a status or a capability: as an id, but at most 64 characters. */
export function isPresenceWord(value: unknown): value is string {
  return isPlainText(value, limits.presenceLength);
}

function isPlainText(value: unknown, longest: number): value is string {
  return (
    typeof value === 'string' &&
    value.length >= 1 &&
    value.length <= longest &&
    value.isWellFormed() &&
    !controlCharacter.test(value)
  );
}

/** Whether the value names a channel that clients may use: 1–128 of `A–Z a–z 0–9 . _ : -`. */
export function isChannel(value: unknown): value is string {
  return typeof value === 'string' && value.length <= limits.channelLength && channelCharacters.test(value);
}

export function isReservedChannel(value: unknown): boolean {
  return value === reservedChannels.presence || value === reservedChannels.inbox;
}

/** Whether the value can be the type of a user's message: lower case, 1–64 characters. */
export function isMessageType(value: string): value is MessageType {
  return value.length <= limits.typeLength && typeGrammar.test(value);
}
