/**
 * What one text message may cost apart from deliveries to others (RAT-7), in work units. What its calls have consumed is read from the
 * meter, so no call can be forgotten; its answers are counted when they are written, as they are posted later.
 */
import { unitsOfMessage, type WorkMeter, workUnits } from './work-meter';

/** 500, less what cannot be refused: the text itself, its run, the reports of rates, and the copy of a large message for its sender. */
const textUnits = 485;
/** What a single frame may still cost when it has begun: the put of 126 KB, or a page of a log and its answer. */
const frameUnits = 110;
/** What a page of DynamoDB costs at most: 1 MB, and the row that goes beyond it. */
const pageUnits = 36;
/** The read of one row at most: 129 KB. */
const rowUnits = 4;
/** For the end of what was begun: a row and its message, the closing frames. */
const closingUnits = 8;
const halfArrayBytes = 16_384;

/** Not enough is left: the frame has to be sent again, in a text message of its own. */
export class TooCostly extends Error {}

/** Milliseconds in which an agent gets the units of a text message at the default rate. */
export const tooCostlyRetryMs = 500;

export class WorkBudget {
  private readonly start: number;
  private promised = 0;
  private reserved = 0;

  constructor(private readonly work: Pick<WorkMeter, 'storeUnits'>) {
    this.start = work.storeUnits;
  }

  get left(): number {
    return textUnits - (this.work.storeUnits - this.start) - this.promised - this.reserved;
  }

  get hasFrame(): boolean {
    return this.left >= frameUnits;
  }

  get hasPage(): boolean {
    return this.left >= pageUnits + closingUnits;
  }

  /** A page beside the frame that reads it. */
  get hasSearch(): boolean {
    return this.left >= pageUnits + frameUnits;
  }

  /** The call reads a row at most. @throws TooCostly */
  async readRow<T>(call: () => Promise<T>): Promise<T> {
    if (!this.hasRows(1)) throw new TooCostly();
    this.reserved += rowUnits;
    try {
      return await call();
    } finally {
      this.reserved -= rowUnits;
    }
  }

  /** Whether this number of rows could be read. */
  hasRows(count: number): boolean {
    return this.left >= count * rowUnits;
  }

  /** An answer that will be posted alone. */
  message(text = ''): void {
    this.promised += unitsOfMessage(text);
  }

  /** An answer that shares an array: two texts that are shorter than half of one always do. */
  partOfArray(text: string): void {
    const bytes = Buffer.byteLength(text);
    if (bytes > halfArrayBytes) this.message(text);
    else this.promised += (bytes / halfArrayBytes) * workUnits.message;
  }
}
