/** The protocol as other rooms see it: wire types, guards, codes and limits. */
export { type Code, type CodeEntry, codes } from './codes';
export type {
  ControlFrame,
  Handled,
  HelloFrame,
  HistoryFrame,
  PingFrame,
  Resume,
  SubscribeFrame,
  UnsubscribeFrame,
} from './control';
export { allChannels, type Grants, isGranted, type Operation, operations, parseGrants } from './grants';
export { isJsonObject, type JsonObject } from './json';
export { limits } from './limits';
export {
  type AckStatus,
  ackText,
  type ErrorDetails,
  errorText,
  largestBytes,
  levelOneText,
  type Message,
  messageText,
  plainAckText,
  type Position,
  type PublishFrame,
  wireTime,
} from './messages';
export { isChannel, isId, isReservedChannel, reservedChannels, subProtocol } from './names';
export { frameId, type ParsedFrame, parseText } from './parse';
export {
  type AgentPresence,
  offline,
  online,
  type OwnPresence,
  ownPresenceText,
  presenceBytes,
  type PresenceFrame,
  type PresenceQuery,
  type PresenceReason,
  presenceText,
} from './presence';
export {
  type ChannelState,
  type Gap,
  goAwayText,
  goAways,
  type GoAwayCode,
  historyText,
  type NotRecovered,
  pack,
  packFrames,
  pongText,
  replayedText,
  subscribedText,
  unsubscribedText,
  welcomeText,
} from './server-frames';
