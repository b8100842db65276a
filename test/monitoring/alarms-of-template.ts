/**
 * Evaluates the alarms of a synthesized template over the metrics of a laptop gateway. Periods begin when the test says so.
 * Not a test itself.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Gateway, type Metric, percentile } from '../../gateway/index';

type Json = Readonly<Record<string, unknown>>;

interface MetricStat {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: string;
}

interface TemplateAlarm {
  /** As in the table of alarms. */
  readonly name: string;
  readonly threshold: number;
  readonly datapoints: number;
  readonly series: Readonly<Record<string, MetricStat>>;
  readonly expression: string;
}

/** Which alarms the lines since the start would raise. */
export class AlarmWatch {
  private readonly alarms: readonly TemplateAlarm[];
  private before = new Map<string, number>();
  /** Names of the alarms whose threshold was crossed, by period. */
  private periods: ReadonlySet<string>[] = [];

  constructor(
    assembly: string,
    private readonly gateway: Gateway,
  ) {
    this.alarms = readAlarms(assembly);
    this.start();
  }

  get names(): readonly string[] {
    return this.alarms.map(({ name }) => name);
  }

  /** The first period begins. */
  start(): void {
    this.periods = [];
    this.before = new Map(this.gateway.metrics().map((metric) => [idOf(metric), metric.count]));
  }

  /** A further period begins. */
  next(): void {
    const { periods } = this;
    periods.push(new Set(this.crossed()));
    this.start();
    this.periods = periods;
  }

  /** With the current period as the last one. A single period stands for as many as the alarm looks at. */
  raised(): string[] {
    const periods = [...this.periods, new Set(this.crossed())];
    return this.alarms
      .filter(({ name, datapoints }) => {
        const crossed = periods.filter((period) => period.has(name)).length;
        return crossed >= Math.min(datapoints, periods.length);
      })
      .map(({ name }) => name)
      .sort();
  }

  private crossed(): string[] {
    return this.alarms
      .filter((alarm) => (this.valueOf(alarm) ?? -Infinity) > alarm.threshold)
      .map(({ name }) => name);
  }

  /** `undefined` without data. */
  private valueOf({ series, expression }: TemplateAlarm): number | undefined {
    const values = Object.entries(series).map(([id, stat]) => [id, this.statisticOf(stat)] as const);
    if (values.every(([, value]) => value === undefined)) return undefined;
    // Metric math of this kind is an expression of JavaScript, too.
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    const evaluate = new Function('SUM', 'IF', ...values.map(([id]) => id), `return ${expression};`) as (
      ...of: unknown[]
    ) => number;
    return evaluate(sum, choose, ...values.map(([, value]) => value));
  }

  private statisticOf({ statistic, ...wanted }: MetricStat): number | undefined {
    const metric = this.gateway.metrics().find((each) => idOf(each) === idOf(wanted));
    if (metric === undefined) return undefined;
    const recent = metric.values.slice(
      metric.values.length - (metric.count - (this.before.get(idOf(metric)) ?? 0)),
    );
    if (recent.length === 0) return undefined;
    if (/^p\d+$/.test(statistic)) return percentile(recent, Number(statistic.slice(1)) / 100);
    // Of a queue, each event in it is one value.
    return sum(recent);
  }
}

function sum(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

function choose(condition: boolean, yes: number, no: number): number {
  return condition ? yes : no;
}

function idOf({ namespace, name, dimensions }: Pick<Metric, 'namespace' | 'name' | 'dimensions'>): string {
  return JSON.stringify([namespace, name, dimensions]);
}

function readAlarms(assembly: string): TemplateAlarm[] {
  const manifest = readJson(path.join(assembly, 'manifest.json')) as { artifacts: Record<string, Json> };
  const [stack] = Object.entries(manifest.artifacts).filter(
    ([, { type }]) => type === 'aws:cloudformation:stack',
  );
  if (stack === undefined) throw new Error('The assembly has no stack');
  const [stackName] = stack;
  const template = readJson(path.join(assembly, `${stackName}.template.json`)) as {
    Resources: Record<string, { Type: string; Properties: Json }>;
  };
  return Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
    .map(([logicalId, { Properties }]) => ({
      name: logicalId.replace(/^Monitoring(.*)Alarm[0-9A-F]{8}$/, '$1'),
      threshold: Properties.Threshold as number,
      datapoints: Properties.DatapointsToAlarm as number,
      ...seriesOf(Properties, stackName),
    }));
}

function seriesOf(properties: Json, stackName: string): Pick<TemplateAlarm, 'series' | 'expression'> {
  if (properties.Metrics === undefined)
    return { series: { only: statOf(properties, stackName) }, expression: 'only' };
  const metrics = properties.Metrics as Json[];
  const series = metrics.flatMap(({ Id, MetricStat }) => {
    if (MetricStat === undefined) return [];
    const { Metric, Stat } = MetricStat as { Metric: Json; Stat: string };
    return [[Id as string, statOf({ ...Metric, Statistic: Stat }, stackName)] as const];
  });
  const expression = metrics.find(({ Expression }) => Expression !== undefined)?.Expression as string;
  return { series: Object.fromEntries(series), expression };
}

function statOf(properties: Json, stackName: string): MetricStat {
  const { Namespace, MetricName, Dimensions = [], Statistic, ExtendedStatistic } = properties;
  return {
    namespace: Namespace as string,
    name: MetricName as string,
    statistic: (Statistic ?? ExtendedStatistic) as string,
    dimensions: Object.fromEntries(
      (Dimensions as { Name: string; Value: unknown }[]).map(({ Name, Value }) => [
        Name,
        physicalName(Value, stackName),
      ]),
    ),
  };
}

/** As the gateway derives it: names of functions have up to 64 characters, those of queues 80. */
function physicalName(value: unknown, stackName: string): string {
  const { Ref, 'Fn::GetAtt': attribute } = value as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
  if (Ref !== undefined) return `${stackName}-${Ref}`.slice(0, 64);
  if (attribute !== undefined) return `${stackName}-${attribute[0]}`.slice(0, 80);
  throw new Error(`Not a reference: ${JSON.stringify(value)}`);
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
