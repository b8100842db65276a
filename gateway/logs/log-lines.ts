/**
 * The last log lines of all functions, as CloudWatch Logs would have them: a number for each, so that a reader goes on
 * where it stopped.
 */
import type { Clock } from '../clock';
import { isObject, type JsonObject, parseJson } from '../json';
import type { GatewayLogEntry } from '../options';

/** Some megabytes; older lines are dropped. */
const keptLines = 5_000;
/** Of one answer. */
const maxPage = 1_000;

export interface LogLine {
  /** Physical name of the function. */
  readonly function: string;
  /** RFC 3339. */
  readonly timestamp: string;
  /** What the function has written, or `{ "stream", "message" }` when that is not a JSON object. */
  readonly line: JsonObject;
}

export interface LogPage {
  readonly lines: readonly LogLine[];
  /** The cursor after the last line that was looked at. */
  readonly next: string;
}

interface KeptLine {
  readonly entry: LogLine;
  readonly text: string;
}

export class LogLines {
  private readonly kept: KeptLine[] = [];
  /** Lines dropped so far: the number of the oldest kept line. */
  private dropped = 0;

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /** Gives the lines of the entry. */
  add({ function: name, stream, text }: GatewayLogEntry): readonly LogLine[] {
    const texts = stream === 'stdout' ? text.split('\n').filter((each) => each !== '') : [text];
    return texts.map((each) => {
      const parsed = stream === 'stdout' ? parseJson(each) : undefined;
      const line = isObject(parsed) ? parsed : { stream, message: each };
      const { timestamp } = line;
      const at = typeof timestamp === 'string' ? timestamp : new Date(this.clock.now()).toISOString();
      const entry = { function: name, timestamp: at, line };
      this.keep({ entry, text: each });
      return entry;
    });
  }

  /** `since`: the `next` of an earlier page; absent = from the oldest line that is kept. */
  read({ since = 0, contains = '' }: { since?: number; contains?: string }): LogPage {
    const lines: LogLine[] = [];
    let at = Math.max(0, since - this.dropped);
    for (; at < this.kept.length && lines.length < maxPage; at++) {
      const { entry, text } = this.kept[at] ?? {};
      if (entry !== undefined && text?.includes(contains)) lines.push(entry);
    }
    return { lines, next: String(Math.max(since, this.dropped + at)) };
  }

  private keep(line: KeptLine): void {
    this.kept.push(line);
    if (this.kept.length <= keptLines) return;
    this.kept.shift();
    this.dropped += 1;
  }
}
