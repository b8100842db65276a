/** Logs: rows, heads and the port. */
import type { Position } from '../../../protocol/index';

/** A row of a log without what the message says. */
export interface MessageFields {
  /** From 1; 0 is the key of the log's mark. */
  readonly sequence: number;
  readonly epoch: string;
  /** Tells whose put it was. Begins with the event and the frame that it was for; those of earlier releases do not. */
  readonly nonce: string;
  readonly id: string;
  readonly agentId: string;
  /** Whether its sender said that it may have sent this id before. */
  readonly isRetry: boolean;
  /** Epoch milliseconds; at least that of the row before. */
  readonly timestamp: number;
  /** Epoch milliseconds; a row past it counts as absent even while it can still be read. */
  readonly expiresAt: number;
}

/** A row of a log: an accepted message. */
export interface MessageRow extends MessageFields {
  /** Type, content, metadata and the user's other fields, as JSON text. */
  readonly body: string;
}

/** A row as it is read back. */
export type StoredRow = MessageFields & {
  /** `undefined` for a damaged row: its checksum does not match, or its body can't be read. It is never data. */
  readonly body: string | undefined;
  /** The message was erased: the row keeps its place and its times, and says nothing else. */
  readonly isErased?: boolean;
};

/**
 * Item 0 of a log: "when I was written, nothing stood above `sequence`". Until `expiresAt` whatever was written since is
 * still in the table, so a log without newer rows goes on from here even when all of its rows have expired.
 */
export interface Checkpoint extends Position {
  /** Epoch milliseconds; a mark past it proves nothing. */
  readonly expiresAt: number;
}

export interface Head {
  /** The row with the highest sequence; item 0 is never it. */
  readonly row: MessageFields | undefined;
  /** Known only of a log without rows, where the same read finds it; else ask `mark`. */
  readonly checkpoint: Checkpoint | undefined;
}

export type PutOutcome = 'written' | 'exists' | 'unclear';

/**
 * The log of a channel or an inbox. `subject` is a key of `subjects.ts`. Reads are strongly consistent and give expired rows
 * too. A row is deleted an hour after it has expired or later, and rows are deleted in no order. A damaged row leaves a line in
 * the service's log.
 */
export interface HistoryStore {
  /** One call. */
  head(subject: string): Promise<Head>;
  get(subject: string, sequence: number): Promise<StoredRow | undefined>;
  /**
   * Writes the row if its sequence is free. Never retried inside: `unclear` means that the write may or may not have
   * happened, or may still happen.
   */
  tryPut(subject: string, row: MessageRow): Promise<PutOutcome>;
  /**
   * Pages from the newest row to older ones, the first one small: most searches end there. `onRead` is given the read units of each
   * page: rows are billed with their bodies.
   */
  newestFirst(subject: string, onRead?: (readUnits: number) => void): AsyncIterable<readonly MessageFields[]>;
  /** Row 0 of the log. */
  checkpoint(subject: string): Promise<Checkpoint | undefined>;
  /**
   * Raises the checkpoint (row 0) to the position, or lets it live longer at the position that it has. Anything lower changes nothing:
   * a new epoch begins above the checkpoint of the old one, so a higher sequence is a newer position in any epoch. Idempotent.
   */
  raiseCheckpoint(subject: string, position: Position, expiresAt: number): Promise<void>;
  /**
   * Pages of the rows above `after`, oldest first, up to and including `upTo`. The checkpoint is not among them. `firstRows`: the
   * most rows that the first page has; a small first page costs few read units.
   */
  range(
    subject: string,
    bounds: { readonly after: number; readonly upTo?: number; readonly firstRows?: number },
  ): AsyncIterable<readonly StoredRow[]>;
  /** Pages of the rows below `before`, newest first. The checkpoint is not among them. */
  rangeBack(
    subject: string,
    bounds: { readonly before?: number; readonly firstRows?: number },
  ): AsyncIterable<readonly StoredRow[]>;
}
