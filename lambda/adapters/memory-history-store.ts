/** Logs in memory, with the same duties as the DynamoDB store. For tests and simulations. */
import type { HistoryStore, LogEntry, LogRow, PutOutcome, StoredRow } from '../core/ports';

export class MemoryHistoryStore implements HistoryStore {
  private readonly logs = new Map<string, Map<number, LogRow>>();

  head(subject: string): Promise<LogEntry | undefined> {
    return Promise.resolve(this.rows(subject).map(toEntry)[0]);
  }

  get(subject: string, sequence: number): Promise<LogRow | undefined> {
    return Promise.resolve(this.logs.get(subject)?.get(sequence));
  }

  tryPut(subject: string, row: LogRow): Promise<PutOutcome> {
    const log = this.logs.get(subject) ?? new Map<number, LogRow>();
    if (log.has(row.sequence)) return Promise.resolve('exists');
    log.set(row.sequence, row);
    this.logs.set(subject, log);
    return Promise.resolve('written');
  }

  async *newestFirst(subject: string): AsyncGenerator<readonly LogEntry[]> {
    yield await Promise.resolve(this.rows(subject).map(toEntry));
  }

  async *range(
    subject: string,
    { after, upTo = Infinity }: { readonly after: number; readonly upTo?: number | undefined },
  ): AsyncGenerator<readonly StoredRow[]> {
    const rows = this.rows(subject).filter(({ sequence }) => sequence > after && sequence <= upTo);
    yield await Promise.resolve(rows.reverse());
  }

  /** Newest first. */
  rows(subject: string): LogRow[] {
    return [...(this.logs.get(subject)?.values() ?? [])].sort((a, b) => b.sequence - a.sequence);
  }
}

function toEntry({ sequence, epoch, nonce, id, agentId, timestamp, expiresAt }: LogRow): LogEntry {
  return { sequence, epoch, nonce, id, agentId, timestamp, expiresAt };
}
