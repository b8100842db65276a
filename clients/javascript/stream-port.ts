import type { Cursor } from './cursor';
import type { Emitter } from './emitter';
import type { Message } from './messages';
import type { Ask } from './replies';
import type { Timers } from './timers';

/** What a stream needs of the client. */
export interface StreamPort {
  readonly timers: Timers;
  readonly emitter: Emitter;
  readonly cursor: Cursor;
  readonly isConnected: boolean;
  /** Asks on the connection of the moment; rejects with `connection_lost` when there is none. */
  readonly ask: Ask;
  readonly publisher: { isOwn(message: Message): boolean };
}
