/** What one text message may read of the logs, so that neither the bill nor the memory of the function grows with its frames. */
import { limits, type ParsedControl } from '../../protocol/index';
import type { StoredRow } from '../shared/stores/history-store';
import type { WorkBudget } from '../shared/work-budget';

/** Of the searches for first copies: 8 MB. The largest page that DynamoDB gives has 1 MB. */
const searchUnits = 2_048;
const pageUnits = 256;
/** Of replays and histories. */
const replayBytes = 1_048_576;
/** A page of a log, and its answer. */
const rowsKept = 15;

/** Read units of 4 KB (ACK-6). */
export class SearchBudget {
  private left = searchUnits;

  constructor(private readonly work?: Pick<WorkBudget, 'hasSearch' | 'hasFrame'>) {}

  get isUsedUp(): boolean {
    return this.left < pageUnits || this.work?.hasSearch === false;
  }

  /** Whether a message may be put once more, after others have taken its place. */
  get hasPut(): boolean {
    return this.work?.hasFrame !== false;
  }

  readonly spend = (readUnits: number): void => {
    this.left -= readUnits;
  };
}

/** Bytes of messages (SUB-6, HIS-3). */
export class ReadBudget {
  private left = replayBytes;

  constructor(private readonly work?: Pick<WorkBudget, 'hasPage' | 'hasRows'>) {}

  get isUsedUp(): boolean {
    return this.left <= 0 || !this.hasPage;
  }

  /** Whether one more page of a log may be read (RAT-7). */
  get hasPage(): boolean {
    return this.work?.hasPage !== false;
  }

  /** Whether looking for a position leaves enough for reading from there. */
  readonly mayLook = (): boolean => this.work?.hasRows(rowsKept) !== false;

  spend(bytes: number): void {
    this.left -= bytes;
  }
}

/** Of the ends of logs, which `hello` and `ping` name by the hundred: each is billed by the size of the newest message (BAT-5). */
export class HeadBudget {
  private hasSaidHello = false;
  private pinged = 0;

  /** Whether the frame may be served; then it is counted. */
  admits(frame: ParsedControl): boolean {
    if (frame.type === 'hello') {
      if (this.hasSaidHello) return false;
      this.hasSaidHello = true;
    }
    if (frame.type !== 'ping') return true;
    const pinged = this.pinged + frame.channels.length;
    if (pinged > limits.pingChannels) return false;
    this.pinged = pinged;
    return true;
  }
}

/** Of the message, near enough for a budget. */
export function bytesOf({ body }: Pick<StoredRow, 'body'>): number {
  return body === undefined ? 0 : Buffer.byteLength(body);
}
