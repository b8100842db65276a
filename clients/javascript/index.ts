/** The package as its users see it. */
export type { WaitOptions } from './shared/checks';
export { MemoryCursor, type Cursor, type Position } from './shared/cursor';
export { type ClientCode, type ErrorCode, type ErrorParts, PubSubError, RequestError } from './shared/errors';
export type { BackoffOptions } from './shared/backoff';
export type {
  Channel,
  HistoryOptions,
  Inbox,
  Readable,
  SubscribeOptions,
  Subscription,
} from './reading/channel';
export type { Echo, JsonObject, Message, PublishOptions } from './shared/messages';
export type { PresenceOptions, PubSubOptions } from './options';
export type { OutboxOptions, Receipt } from './sending/outbox';
export type { AgentPresence, PresenceQuery } from './sending/presence';
export { type Agent, type Presence, PubSub } from './pubsub';
export type { PubSubEvents } from './shared/emitter';
export type { Handler } from './reading/reader';
export type { RequestHandler, RequestOptions } from './sending/requests';
export type { WebSocketClass, WebSocketLike } from './connection/socket';
export type { State } from './shared/state';
export type { Gap } from './shared/gap';
export type { TokenSource } from './connection/token';
export { isPosition } from './shared/cursor';
