/**
 * All frames: the guards of a client's control frames, by their types, and what a client can receive.
 */
import type { JsonObject } from '../json';
import type { Complaint } from './client/fields';
import { type ParsedHello, readHello } from './client/hello';
import { type ParsedHistory, readHistory } from './client/history';
import { type ParsedPing, readPing } from './client/ping';
import { type ParsedPresence, readPresence } from './client/presence';
import { type ParsedSubscribe, readSubscribe } from './client/subscribe';
import { type ParsedUnsubscribe, readUnsubscribe } from './client/unsubscribe';
import type { AckFrame } from './server/ack';
import type { ErrorFrame } from './server/error';
import type { GoAwayFrame } from './server/goaway';
import type { HistoryPageFrame } from './server/history';
import type { MessageFrame } from './server/message';
import type { PlatformErrorFrame } from './server/platform-error';
import type { PongFrame } from './server/pong';
import type { PresenceAnswerFrame } from './server/presence';
import type { PresenceEventFrame } from './server/presence-event';
import type { ReplayedFrame } from './server/replayed';
import type { SubscribedFrame } from './server/subscribed';
import type { UnsubscribedFrame } from './server/unsubscribed';
import type { WelcomeFrame } from './server/welcome';

export type ParsedControl =
  ParsedHello | ParsedSubscribe | ParsedUnsubscribe | ParsedHistory | ParsedPresence | ParsedPing;

type ControlType = ParsedControl['type'];

type Guard = (id: string | undefined, frame: JsonObject) => ParsedControl | Complaint;

/** The id of the frame is checked before; some need one. */
const guards: Readonly<Record<ControlType, Guard>> = {
  hello: readHello,
  subscribe: readSubscribe,
  unsubscribe: readUnsubscribe,
  history: readHistory,
  presence: readPresence,
  ping: readPing,
};

export function isControlType(type: string): type is ControlType {
  return Object.hasOwn(guards, type);
}

/** A control frame, or what is wrong with it. */
export function readControl(
  type: ControlType,
  id: string | undefined,
  frame: JsonObject,
): ParsedControl | Complaint {
  return guards[type](id, frame);
}

/** `type` tells them apart: answers have capitals, messages never, and what API Gateway itself sends has none. */
export type ServerFrame =
  | MessageFrame
  | PresenceEventFrame
  | AckFrame
  | ErrorFrame
  | WelcomeFrame
  | SubscribedFrame
  | UnsubscribedFrame
  | ReplayedFrame
  | HistoryPageFrame
  | PongFrame
  | PresenceAnswerFrame
  | GoAwayFrame
  | PlatformErrorFrame;
