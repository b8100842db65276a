import type { Cursor } from '../shared/cursor';
import type { Emitter } from '../shared/emitter';
import type { PubSubError } from '../shared/errors';
import type { Frame, Message } from '../shared/messages';
import type { Ask } from '../connection/replies';
import type { Timers } from '../shared/timers';

/** What a stream needs of the client. */
export interface StreamPort {
  readonly timers: Timers;
  readonly emitter: Emitter;
  readonly cursor: Cursor;
  readonly isConnected: boolean;
  /** Asks on the connection of the moment; rejects with `connection_lost` when there is none. */
  readonly ask: Ask;
  /** Asks how these channels stand. Never rejects. */
  ping(channels: readonly Frame[]): Promise<void>;
  readonly publisher: { isOwn(message: Message): boolean };
}

/** What a stream needs of the other streams. */
export interface Siblings<Stream> {
  /** Settles when what is being unsubscribed has left: subscribing has to wait, or the two may overtake each other. */
  readonly left: Promise<void>;
  /** The stream has ended by itself. */
  drop(stream: Stream, error: PubSubError): void;
}
