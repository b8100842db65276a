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
import { functionNames, type FunctionName } from '../functions/function-table';
import type { NodeFunction } from '../functions/node-function';
import type { MetricName } from './metric-table';

export interface DashboardProps {
  readonly alarms: readonly Alarm[];
  readonly functions: Readonly<Record<FunctionName, NodeFunction>>;
  readonly metric: (name: MetricName, statistic: string) => IMetric;
}

export function addDashboard(scope: Construct, { alarms, functions, metric }: DashboardProps): void {
  const graph = (title: string, metrics: readonly IMetric[], width = 8): IWidget =>
    new GraphWidget({ title, left: [...metrics], width, height: 6 });
  const sums = (title: string, ...names: readonly MetricName[]): IWidget =>
    graph(
      title,
      names.map((name) => metric(name, 'Sum')),
    );
  const percentiles = (title: string, name: MetricName): IWidget =>
    graph(
      title,
      ['p50', 'p99'].map((statistic) => metric(name, statistic)),
    );
  const logGroupNames = [functions.default.function.logGroup.logGroupName];
  const loudest = (title: string, queryLines: string[]): IWidget =>
    new LogQueryWidget({
      title,
      logGroupNames,
      queryLines,
      view: LogQueryVisualizationType.TABLE,
      width: 12,
      height: 6,
    });

  // Without a name: names are common to all Regions of an account, and CloudFormation makes one.
  new Dashboard(scope, 'Dashboard', {
    widgets: [
      [heading('Healthy?')],
      [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24, height: 3 })],
      [
        sums('Posts that did not arrive', 'PostsLost', 'PostsThrottled', 'PostsGone'),
        sums('Refusals', 'PublishesFailed', 'MessagesRateLimited'),
        sums(
          'Handshakes',
          'ConnectionsOpened',
          'HandshakesUnauthorized',
          'HandshakesDenied',
          'HandshakesRefused',
          'AuthorizerErrors',
          'ConnectErrors',
        ),
      ],
      [heading('Slow?')],
      [
        percentiles('ACK, milliseconds', 'AckMilliseconds'),
        percentiles('Slowest post of a publish, milliseconds', 'SlowestPostMilliseconds'),
        graph('Duration of default, milliseconds', [
          functions.default.function.metricDuration({ statistic: 'p50' }),
          functions.default.function.metricDuration({ statistic: 'p99' }),
        ]),
      ],
      [heading('Who is loud?')],
      [
        loudest('Messages by agent', [
          'filter event = "published"',
          'stats sum(messages) as published, sum(delivered) as delivered by tenant_id, agent_id',
          'sort delivered desc',
          'limit 20',
        ]),
        loudest('Refused over the rate, by agent', [
          'filter event = "rate_limited"',
          'stats sum(frames) as refused by tenant_id, agent_id',
          'sort refused desc',
          'limit 20',
        ]),
      ],
      [heading('What does it cost?')],
      [
        sums('Messages in and out', 'MessagesPublished', 'PostsDelivered'),
        sums('Inbox and sweep', 'InboxMessagesStored', 'InboxMessagesPushed', 'SweepFindings'),
        graph(
          'Invocations',
          functionNames.map((name) => functions[name].function.metricInvocations()),
        ),
      ],
    ],
  });
}

function heading(text: string): IWidget {
  return new TextWidget({ markdown: `## ${text}`, width: 24, height: 1 });
}
