/**
 * The metrics of CloudWatch, as far as a stack makes them: its metric filters applied to the log lines of its functions,
 * Lambda's errors and throttles, and the length of failure queues.
 */
import { valueAt } from '../json';
import type { LogLine } from '../logs/log-lines';
import type { MetricFilterModel } from '../template/model';
import { parsePattern } from './filter-pattern';
import type { Metric } from './metric';

/** Of each metric, for percentiles. */
const keptValues = 10_000;

type Key = Pick<Metric, 'namespace' | 'name' | 'unit' | 'dimensions'>;

interface Series extends Key {
  sum: number;
  count: number;
  readonly values: number[];
}

interface Filter extends Key {
  readonly functions: ReadonlySet<string>;
  readonly matches: NonNullable<ReturnType<typeof parsePattern>>;
  /** A number, or a selector. */
  readonly value: string;
}

export class Metrics {
  private readonly series = new Map<string, Series>();
  private readonly filters: readonly Filter[];

  constructor(models: readonly MetricFilterModel[]) {
    this.filters = models.flatMap(({ pattern, functions, value, ...key }) => {
      const matches = parsePattern(pattern);
      if (matches === undefined) return [];
      return [{ ...key, dimensions: {}, functions: new Set(functions), matches, value }];
    });
  }

  /** Applies the metric filters to a line. A field without a number makes no data. */
  addLine({ function: name, line }: LogLine): void {
    for (const filter of this.filters) {
      if (!filter.functions.has(name) || !filter.matches(line)) continue;
      const value = filter.value.startsWith('$') ? valueAt(line, filter.value) : Number(filter.value);
      if (typeof value === 'number' && Number.isFinite(value)) this.add(filter, value);
    }
  }

  addFunctionError(functionName: string): void {
    this.add(lambda('Errors', functionName), 1);
  }

  addThrottle(functionName: string): void {
    this.add(lambda('Throttles', functionName), 1);
  }

  /** One more event in the queue. Those that are taken out are not counted: an alarm asks whether one came. */
  addQueued(queueArn: string): void {
    const QueueName = queueArn.split(':').at(-1) ?? queueArn;
    const key = {
      namespace: 'AWS/SQS',
      name: 'ApproximateNumberOfMessagesVisible',
      unit: 'Count',
      dimensions: { QueueName },
    };
    this.add(key, 1);
  }

  read(): readonly Metric[] {
    return [...this.series.values()];
  }

  private add({ namespace, name, unit, dimensions }: Key, value: number): void {
    const id = JSON.stringify([namespace, name, dimensions]);
    const series = this.series.get(id) ?? { namespace, name, unit, dimensions, sum: 0, count: 0, values: [] };
    this.series.set(id, series);
    series.sum += value;
    series.count += 1;
    series.values.push(value);
    if (series.values.length > keptValues) series.values.shift();
  }
}

function lambda(name: string, functionName: string): Key {
  return { namespace: 'AWS/Lambda', name, unit: 'Count', dimensions: { FunctionName: functionName } };
}
