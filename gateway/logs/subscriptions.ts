/**
 * Subscriptions of functions to the log lines of others. CloudWatch Logs collects lines for some seconds; here those that come
 * while the function still has the ones before are one event together.
 */
import { gzipSync } from 'node:zlib';
import { parsePattern } from '../metrics/filter-pattern';
import type { LogSubscriptionModel } from '../template/model';
import type { LogLine } from './log-lines';

/** Hands an event in JSON to the function; settles when that has ended, and never rejects. */
export type Dispatch = (functionName: string, payload: string) => Promise<void>;

interface Filter {
  readonly writers: ReadonlySet<string>;
  readonly matches: NonNullable<ReturnType<typeof parsePattern>>;
  readonly functionName: string;
  waiting: LogLine[];
  isRunning: boolean;
}

export class Subscriptions {
  private readonly filters: readonly Filter[];

  constructor(models: readonly LogSubscriptionModel[]) {
    this.filters = models.flatMap(({ functions, pattern, functionName }) => {
      const matches = parsePattern(pattern);
      if (matches === undefined) return [];
      return [{ writers: new Set(functions), matches, functionName, waiting: [], isRunning: false }];
    });
  }

  addLine(line: LogLine, dispatch: Dispatch): void {
    for (const filter of this.filters) {
      if (!filter.writers.has(line.function) || !filter.matches(line.line)) continue;
      filter.waiting.push(line);
      if (!filter.isRunning) void run(filter, dispatch);
    }
  }
}

async function run(filter: Filter, dispatch: Dispatch): Promise<void> {
  filter.isRunning = true;
  while (filter.waiting.length > 0) await dispatch(filter.functionName, eventOf(filter.waiting.splice(0)));
  filter.isRunning = false;
}

/** Source: CloudWatch Logs user guide, Subscription filters with AWS Lambda. */
function eventOf(lines: readonly LogLine[]): string {
  const logEvents = lines.map(({ timestamp, line }) => ({
    timestamp: Date.parse(timestamp),
    message: `${JSON.stringify(line)}\n`,
  }));
  const data = { messageType: 'DATA_MESSAGE', logGroup: lines[0]?.function, logEvents };
  return JSON.stringify({ awslogs: { data: gzipSync(JSON.stringify(data)).toString('base64') } });
}
