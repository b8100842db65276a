/** Logs in memory, with the same duties as the DynamoDB store. For tests and simulations. */
import type { Position } from '../../protocol/index';
import type {
  Head,
  HistoryStore,
  MessageFields,
  MessageRow,
  Checkpoint,
  PutOutcome,
  StoredRow,
} from '../../lambda/shared/stores/history-store';

const pageRows = 100;
/** A page of DynamoDB ends with the row that reaches it. */
const pageBytes = 1_048_576;
/** Of a row, besides its body. */
const rowBytes = 150;
const readUnitBytes = 4_096;

export class MemoryHistoryStore implements HistoryStore {
  private readonly logs = new Map<string, Map<number, MessageRow>>();
  private readonly checkpoints = new Map<string, Checkpoint>();
  private readonly damaged = new Set<MessageRow>();
  private readonly erased = new Set<MessageRow>();

  /** Begins with the rows of another one; they are as if written here. */
  takeFrom(other: MemoryHistoryStore): void {
    for (const [subject, log] of other.logs) this.logs.set(subject, new Map(log));
    for (const [subject, mark] of other.checkpoints) this.checkpoints.set(subject, mark);
  }

  head(subject: string): Promise<Head> {
    const row = this.rows(subject)[0];
    return Promise.resolve(
      row === undefined
        ? { row: undefined, checkpoint: this.checkpoints.get(subject) }
        : { row: toEntry(row), checkpoint: undefined },
    );
  }

  get(subject: string, sequence: number): Promise<StoredRow | undefined> {
    const row = this.logs.get(subject)?.get(sequence);
    return Promise.resolve(row && this.read(row));
  }

  tryPut(subject: string, row: MessageRow): Promise<PutOutcome> {
    const log = this.logs.get(subject) ?? new Map<number, MessageRow>();
    if (log.has(row.sequence)) return Promise.resolve('exists');
    log.set(row.sequence, row);
    this.logs.set(subject, log);
    return Promise.resolve('written');
  }

  async *newestFirst(
    subject: string,
    onRead?: (readUnits: number) => void,
  ): AsyncGenerator<readonly MessageFields[]> {
    const rows = await Promise.resolve(this.rows(subject));
    for (const page of pagesOf(rows, pageRows)) {
      onRead?.(Math.ceil(page.reduce((sum, row) => sum + bytesOf(row), 0) / readUnitBytes));
      yield page.map(toEntry);
    }
  }

  checkpoint(subject: string): Promise<Checkpoint | undefined> {
    return Promise.resolve(this.checkpoints.get(subject));
  }

  raiseCheckpoint(subject: string, { epoch, sequence }: Position, expiresAt: number): Promise<void> {
    const mark = this.checkpoints.get(subject);
    const isHigher = mark === undefined || sequence > mark.sequence;
    const isLonger = sequence === mark?.sequence && epoch === mark.epoch && expiresAt > mark.expiresAt;
    if (isHigher || isLonger) this.checkpoints.set(subject, { epoch, sequence, expiresAt });
    return Promise.resolve();
  }

  async *range(
    subject: string,
    bounds: { readonly after: number; readonly upTo?: number; readonly firstRows?: number },
  ): AsyncGenerator<readonly StoredRow[]> {
    const { after, upTo = Infinity, firstRows } = bounds;
    const rows = this.rows(subject).reverse();
    yield* this.pages(
      rows.filter(({ sequence }) => sequence > after && sequence <= upTo),
      firstRows,
    );
  }

  async *rangeBack(
    subject: string,
    { before = Infinity, firstRows }: { readonly before?: number; readonly firstRows?: number },
  ): AsyncGenerator<readonly StoredRow[]> {
    yield* this.pages(
      this.rows(subject).filter(({ sequence }) => sequence < before),
      firstRows,
    );
  }

  /** Newest first. */
  rows(subject: string): MessageRow[] {
    return [...(this.logs.get(subject)?.values() ?? [])].sort((a, b) => b.sequence - a.sequence);
  }

  /** What expiry does in the end: takes the row, or item 0, away. */
  delete(subject: string, sequence: number): void {
    if (sequence === 0) this.checkpoints.delete(subject);
    else this.logs.get(subject)?.delete(sequence);
  }

  /** From now on the row reads as if its checksum did not match. */
  damage(subject: string, sequence: number): void {
    const row = this.logs.get(subject)?.get(sequence);
    if (row !== undefined) this.damaged.add(row);
  }

  /** From now on the row keeps its place and its times, and nothing else. */
  erase(subject: string, sequence: number): void {
    const row = this.logs.get(subject)?.get(sequence);
    if (row === undefined) return;
    const empty = { ...row, agentId: '', id: '', nonce: '', body: '', isRetry: false };
    this.logs.get(subject)?.set(sequence, empty);
    this.erased.add(empty);
  }

  isErased(row: MessageRow): boolean {
    return this.erased.has(row);
  }

  private async *pages(
    rows: readonly MessageRow[],
    firstRows = pageRows,
  ): AsyncGenerator<readonly StoredRow[]> {
    for (const page of pagesOf(rows, firstRows)) {
      yield await Promise.resolve(page.map((row) => this.read(row)));
    }
  }

  private read(row: MessageRow): StoredRow {
    if (this.erased.has(row)) return { ...row, body: undefined, isErased: true };
    return this.damaged.has(row) ? { ...row, body: undefined } : row;
  }
}

function bytesOf({ body }: MessageRow): number {
  return rowBytes + Buffer.byteLength(body);
}

function* pagesOf(rows: readonly MessageRow[], firstRows: number): Generator<readonly MessageRow[]> {
  let size = Math.min(firstRows, pageRows);
  let page: MessageRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    page.push(row);
    bytes += bytesOf(row);
    if (page.length < size && bytes < pageBytes) continue;
    yield page;
    page = [];
    bytes = 0;
    size = pageRows;
  }
  if (page.length > 0) yield page;
}

function toEntry({
  sequence,
  epoch,
  nonce,
  id,
  agentId,
  isRetry,
  timestamp,
  expiresAt,
}: MessageRow): MessageFields {
  return { sequence, epoch, nonce, id, agentId, isRetry, timestamp, expiresAt };
}
