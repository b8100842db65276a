/**
 * Subscriptions of functions to the log lines of others. CloudWatch Logs collects lines for some seconds; here each line is an
 * event of its own.
 */
import { gzipSync } from 'node:zlib';
import { parsePattern } from '../metrics/filter-pattern';
import type { LogSubscriptionModel } from '../template/model';
import type { LogLine } from './log-lines';

/** Hands an event in JSON to the function, and does not wait for it. */
export type Dispatch = (functionName: string, payload: string) => void;

export class Subscriptions {
  private readonly filters: readonly {
    readonly writers: ReadonlySet<string>;
    readonly matches: NonNullable<ReturnType<typeof parsePattern>>;
    readonly functionName: string;
  }[];

  constructor(models: readonly LogSubscriptionModel[]) {
    this.filters = models.flatMap(({ functions, pattern, functionName }) => {
      const matches = parsePattern(pattern);
      return matches === undefined ? [] : [{ writers: new Set(functions), matches, functionName }];
    });
  }

  addLine({ function: name, timestamp, line }: LogLine, dispatch: Dispatch): void {
    for (const { writers, matches, functionName } of this.filters) {
      if (!writers.has(name) || !matches(line)) continue;
      const logEvents = [{ timestamp: Date.parse(timestamp), message: `${JSON.stringify(line)}\n` }];
      const data = gzipSync(JSON.stringify({ messageType: 'DATA_MESSAGE', logGroup: name, logEvents }));
      dispatch(functionName, JSON.stringify({ awslogs: { data: data.toString('base64') } }));
    }
  }
}
