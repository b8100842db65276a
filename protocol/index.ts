/** The protocol as other rooms see it: wire types, guards, codes and limits. */
export { type Code, type CodeEntry, codes } from './codes';
export { allChannels, type Grants, isGranted, type Operation, operations, parseGrants } from './grants';
export { isJsonObject, type JsonObject } from './json';
export { limits } from './limits';
export {
  type AckStatus,
  ackText,
  type ErrorDetails,
  errorText,
  type Message,
  messageText,
  type Position,
  type PublishFrame,
  wireTime,
} from './messages';
export { isChannel, isId, isReservedChannel, reservedChannels } from './names';
export { type ParsedFrame, parseText } from './parse';
