/** The package as its users see it. */
export type { WaitOptions } from './checks';
export { MemoryCursor, type Cursor, type Position } from './cursor';
export { type ClientCode, type ErrorCode, type ErrorParts, PubSubError, RequestError } from './errors';
export type { BackoffOptions } from './backoff';
export type { Channel, HistoryOptions, Inbox, Readable, SubscribeOptions, Subscription } from './channel';
export type { Echo, JsonObject, Message, PublishOptions } from './messages';
export type { PresenceOptions, PubSubOptions } from './options';
export type { OutboxOptions, Receipt } from './outbox';
export type { AgentPresence, PresenceQuery } from './presence';
export { type Agent, type Presence, PubSub } from './pubsub';
export type { PubSubEvents } from './emitter';
export type { Handler } from './reader';
export type { RequestHandler, RequestOptions } from './requests';
export type { WebSocketClass, WebSocketLike } from './socket';
export type { State } from './state';
export type { Gap } from './gap';
export type { TokenSource } from './token';
export { isPosition } from './cursor';
