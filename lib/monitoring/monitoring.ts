/** Metric filters, alarms and the dashboard, from the two tables of this folder. */
import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
  Unit,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { FilterPattern, type IFilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { FunctionName, OptionalFunctionName } from '../functions/function-row';
import type { NodeFunction } from '../functions/node-function';
import type { MonitoringSettings } from '../settings/config';
import { alarmNames, type AlarmRow, type AlarmSeries, alarmTable, thresholdOf } from './alarm-table';
import { addDashboard } from './dashboard';
import { type MetricName, metricNames, type MetricRow, type MetricSource, metricTable } from './metric-table';

/** Of the dashboard, and of alarms that name no other. */
const periodMinutes = 5;

export interface MonitoringProps {
  readonly deployment: string;
  readonly settings: MonitoringSettings;
  readonly functions: MonitoredFunctions;
  readonly failures: IQueue;
  /** Whether the setting `events` is on. */
  readonly events: boolean;
}

type MonitoredFunctions = Readonly<
  Record<FunctionName, NodeFunction> & Record<OptionalFunctionName, NodeFunction | undefined>
>;

export class Monitoring extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: MonitoringProps,
  ) {
    super(scope, id);
    for (const name of metricNames) this.addFilters(name, metricTable[name]);
    const { functions, settings, events } = props;
    const alarms = alarmNames.flatMap((name) => {
      const threshold = thresholdOf(alarmTable[name], { ...settings, events });
      return threshold === undefined ? [] : [this.addAlarm(name, alarmTable[name], threshold)];
    });
    addDashboard(this, {
      alarms,
      functions,
      events,
      metric: (name, statistic) => this.metric(name, statistic),
    });
  }

  private get namespace(): string {
    return `ArtCafePubSub/${this.props.deployment}`;
  }

  private addFilters(name: MetricName, { sources, unit, onlyWith }: MetricRow): void {
    if (onlyWith !== undefined && !this.props[onlyWith]) return;
    for (const [index, source] of sources.entries()) {
      const fn = this.props.functions[source.of];
      if (fn === undefined) continue;
      const { logGroup } = fn.function;
      new MetricFilter(this, index === 0 ? name : `${name}${index + 1}`, {
        logGroup,
        filterPattern: patternOf(source),
        metricNamespace: this.namespace,
        metricName: name,
        metricValue: source.field === undefined ? '1' : `$.${source.field}`,
        unit: Unit[unit === 'Count' ? 'COUNT' : 'MILLISECONDS'],
      });
    }
  }

  private metric(metricName: MetricName, statistic: string, minutes = periodMinutes): Metric {
    return new Metric({
      namespace: this.namespace,
      metricName,
      statistic,
      period: Duration.minutes(minutes),
    });
  }

  private addAlarm(name: string, row: AlarmRow, threshold: number): Alarm {
    const { says, section, periods = { breaching: 1, of: 1 } } = row;
    const alarm = new Alarm(this, `${name}Alarm`, {
      alarmDescription: `${says} What to do: docs/runbook.md#${anchorOf(section)}`,
      metric: this.seriesOf(row),
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      datapointsToAlarm: periods.breaching,
      evaluationPeriods: periods.of,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    const { alarmTopicArn } = this.props.settings;
    if (alarmTopicArn !== undefined) {
      const topic = Topic.fromTopicArn(this, `${name}Topic`, alarmTopicArn);
      const action = new SnsAction(topic);
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }
    return alarm;
  }

  private seriesOf({ series, expression, periodMinutes: minutes = periodMinutes }: AlarmRow): IMetric {
    const period = Duration.minutes(minutes);
    const usingMetrics = Object.fromEntries(
      Object.entries(series).map(([id, each]) => [id, this.alarmMetric(each, minutes)]),
    );
    if (expression !== undefined) return new MathExpression({ expression, usingMetrics, period });
    const [only] = Object.values(usingMetrics);
    if (only === undefined) throw new Error('An alarm needs a series.');
    return only;
  }

  private alarmMetric(series: AlarmSeries, minutes: number): Metric {
    const period = Duration.minutes(minutes);
    if ('metric' in series) return this.metric(series.metric, series.statistic, minutes);
    if ('queue' in series) {
      return this.props.failures.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' });
    }
    const { function: fn } = this.props.functions[series.of];
    return fn.metric(series.lambda, { period, statistic: 'Sum' });
  }
}

/** CloudWatch takes the value of a field only when the pattern names the field. */
function patternOf({ event, field, where }: MetricSource): IFilterPattern {
  const patterns = [FilterPattern.stringValue('$.event', '=', event)];
  if (where !== undefined) {
    const texts = where.isOneOf.map((text) => FilterPattern.stringValue(`$.${where.field}`, '=', text));
    patterns.push(FilterPattern.any(...texts));
  }
  if (field !== undefined) patterns.push(FilterPattern.numberValue(`$.${field}`, '>=', 0));
  return FilterPattern.all(...patterns);
}

/** As a viewer of Markdown makes it from a heading. */
export function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(' ', '-');
}
