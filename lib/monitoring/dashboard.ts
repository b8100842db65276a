/** One page that answers four questions: healthy? slow? who is loud? what does it cost? */
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  LogQueryVisualizationType,
  LogQueryWidget,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { functionNames, type FunctionName } from '../functions/function-row';
import type { NodeFunction } from '../functions/node-function';
import type { MetricName } from './metric-table';

export interface DashboardProps {
  readonly alarms: readonly Alarm[];
  readonly functions: Readonly<Record<FunctionName, NodeFunction>>;
  /** Whether the setting `events` is on. */
  readonly events: boolean;
  readonly metric: (name: MetricName, statistic: string) => IMetric;
}

export function addDashboard(scope: Construct, props: DashboardProps): void {
  const { alarms } = props;
  // Without a name: names are common to all Regions of an account, and CloudFormation makes one.
  new Dashboard(scope, 'Dashboard', {
    widgets: [
      [heading('Healthy?')],
      [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24, height: 3 })],
      health(props),
      [heading('Slow?')],
      times(props),
      [heading('Who is loud?')],
      loudest(props),
      [heading('What does it cost?')],
      costs(props),
    ],
  });
}

function health(props: DashboardProps): IWidget[] {
  return [
    sums(props, 'Posts that did not arrive', 'PostsLost', 'PostsThrottled', 'PostsGone'),
    props.events
      ? sums(props, 'Refusals and lost events', 'PublishesFailed', 'MessagesRateLimited', 'EventsNotSent')
      : sums(props, 'Refusals', 'PublishesFailed', 'MessagesRateLimited'),
    sums(
      props,
      'Handshakes',
      'ConnectionsOpened',
      'HandshakesUnauthorized',
      'HandshakesDenied',
      'HandshakesRefused',
      'AuthorizerErrors',
      'ConnectErrors',
    ),
  ];
}

function times({ functions, metric }: DashboardProps): IWidget[] {
  const percentiles = (name: MetricName) => ['p50', 'p99'].map((statistic) => metric(name, statistic));
  const own = functions.default.function;
  return [
    graph('ACK, milliseconds', percentiles('AckMilliseconds')),
    graph('Slowest post of a publish, milliseconds', percentiles('SlowestPostMilliseconds')),
    graph('Duration of default, milliseconds', [
      own.metricDuration({ statistic: 'p50' }),
      own.metricDuration({ statistic: 'p99' }),
    ]),
  ];
}

function loudest({ functions }: DashboardProps): IWidget[] {
  const logGroupNames = [functions.default.function.logGroup.logGroupName];
  const shape = { view: LogQueryVisualizationType.TABLE, width: 12, height: 6 };
  const table = (title: string, queryLines: string[]): IWidget =>
    new LogQueryWidget({ title, logGroupNames, queryLines, ...shape });
  return [
    table('Messages by agent', [
      'filter event = "published"',
      'stats sum(messages) as published, sum(delivered) as delivered, sum(work_units) as work by tenant_id, agent_id',
      'sort work desc',
      'limit 20',
    ]),
    table('Refused over the rate, by agent', [
      'filter event = "rate_limited"',
      'stats sum(frames) as refused by tenant_id, agent_id',
      'sort refused desc',
      'limit 20',
    ]),
  ];
}

function costs(props: DashboardProps): IWidget[] {
  const invocations = functionNames.map((name) => props.functions[name].function.metricInvocations());
  return [
    sums(props, 'Messages in and out, work units', 'MessagesPublished', 'PostsDelivered', 'WorkUnits'),
    sums(props, 'Inbox and sweep', 'InboxMessagesStored', 'InboxMessagesPushed', 'SweepFindings'),
    graph('Invocations', invocations),
  ];
}

function sums({ metric }: DashboardProps, title: string, ...names: readonly MetricName[]): IWidget {
  return graph(
    title,
    names.map((name) => metric(name, 'Sum')),
  );
}

function graph(title: string, metrics: readonly IMetric[]): IWidget {
  return new GraphWidget({ title, left: [...metrics], width: 8, height: 6 });
}

function heading(text: string): IWidget {
  return new TextWidget({ markdown: `## ${text}`, width: 24, height: 1 });
}
