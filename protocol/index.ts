/** The protocol as the service and the tests use it: frames, guards, writers, codes and limits. */
export { type Code, type CodeEntry, codes } from './codes';
export { agentEntry, type AgentPresence, offline, online } from './frames/agent-presence';
export type { Handled, Resume } from './frames/client/fields';
export type { ParsedHello } from './frames/client/hello';
export type { ParsedHistory } from './frames/client/history';
export type { ParsedPing } from './frames/client/ping';
export type { OwnPresence, ParsedPresence, PresenceQuery } from './frames/client/presence';
export type { ParsedMessage } from './frames/client/publish';
export type { ParsedSubscribe } from './frames/client/subscribe';
export type { ParsedUnsubscribe } from './frames/client/unsubscribe';
export type { ParsedControl } from './frames/all-frames';
export { type AckStatus, ackText, plainAckText } from './frames/server/ack';
export { type ErrorDetails, errorText } from './frames/server/error';
export { goAwayText, type GoAwayCode } from './frames/server/goaway';
export { historyText } from './frames/server/history';
export { largestBytes, levelOneText, type Message, messageText } from './frames/server/message';
export { pongText } from './frames/server/pong';
export { ownPresenceText, presenceBytes, presenceText } from './frames/server/presence';
export { presenceEvent, type PresenceReason } from './frames/server/presence-event';
export { replayedText } from './frames/server/replayed';
export { subscribedText } from './frames/server/subscribed';
export { unsubscribedText } from './frames/server/unsubscribed';
export { welcomeText } from './frames/server/welcome';
export type { ChannelHead, ChannelState, Gap, MessageType, NotRecovered, Position } from './frames/values';
export { wireTime } from './frames/values';
export {
  allChannels,
  type ChannelGrants,
  type Grants,
  isGranted,
  matchesPrefix,
  mayAdvertise,
  mayManageTenant,
  mayMessage,
  type Operation,
  operations,
  parseChannelGrants,
  parseGrants,
  type Role,
  roles,
} from './grants';
export {
  type AgentPage,
  type ChannelPage,
  type Cursor,
  type Identity,
  type ListedChannel,
  messagePageText,
  type Started,
} from './http/answers';
export { type HttpCode, httpStatus, problem, type ProblemDetails } from './http/problem';
export { agentFromPath, agentInPath, readErasure, readRevocation } from './http/requests';
export { isJsonObject, type JsonObject } from './json';
export { limits } from './limits';
export {
  isChannel,
  isId,
  isMessageType,
  isPresenceWord,
  isReservedChannel,
  reservedChannels,
  subProtocol,
} from './names';
export { pack, packFrames } from './pack';
export { frameId, type ParsedFrame, parsePublishes, parseText, type Receiver } from './parse';
