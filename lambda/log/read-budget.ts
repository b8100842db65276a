/** What one text message may read of the logs, so that neither the bill nor the memory of the function grows with its frames. */
import type { StoredRow } from '../shared/history-store';

/** Of the searches for first copies: 8 MB. The largest page that DynamoDB gives has 1 MB. */
const searchUnits = 2_048;
const pageUnits = 256;
/** Of replays and histories. */
const replayBytes = 1_048_576;

/** Read units of 4 KB (ACK-6). */
export class SearchBudget {
  private left = searchUnits;

  get isUsedUp(): boolean {
    return this.left < pageUnits;
  }

  readonly spend = (readUnits: number): void => {
    this.left -= readUnits;
  };
}

/** Bytes of messages (SUB-6, HIS-3). */
export class ReadBudget {
  private left = replayBytes;

  get isUsedUp(): boolean {
    return this.left <= 0;
  }

  spend(bytes: number): void {
    this.left -= bytes;
  }
}

/** Of the message, near enough for a budget. */
export function bytesOf({ body }: Pick<StoredRow, 'body'>): number {
  return body === undefined ? 0 : Buffer.byteLength(body);
}
