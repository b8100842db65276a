/** Metric filters, alarms and dashboard: what they cost, and that each alarm says what to do. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { functionNames } from '../../lib/functions/function-row';
import { functionTable } from '../../lib/functions/function-table';
import { type AlarmSeries, alarmNames, alarmTable, thresholdOf } from '../../lib/monitoring/alarm-table';
import { metricNames, metricTable } from '../../lib/monitoring/metric-table';
import { anchorOf } from '../../lib/monitoring/monitoring';
import { flattened, resources, templateOf, type Properties } from './synthesized';

const template = templateOf();
const filters = Object.values(resources(template, 'AWS::Logs::MetricFilter')).map(
  ({ Properties }) => Properties,
);
const alarms = Object.values(resources(template, 'AWS::CloudWatch::Alarm')).map(
  ({ Properties }) => Properties,
);

test('the filters make the metrics of the table, at most twenty, and none of them without a line', () => {
  const transformations = filters.map(
    ({ MetricTransformations }) => (MetricTransformations as Properties[])[0]!,
  );
  const withoutSettings = metricNames.filter((name) => !('onlyWith' in metricTable[name]));
  expect(new Set(transformations.map(({ MetricName }) => String(MetricName)))).toEqual(
    new Set(withoutSettings),
  );
  expect(metricNames.length).toBeLessThanOrEqual(20);
  for (const transformation of transformations) {
    expect(transformation).toMatchObject({ MetricNamespace: 'ArtCafePubSub/artcafe' });
    // Neither makes a metric of an idle deployment, or one for each tenant.
    expect(transformation).not.toHaveProperty('DefaultValue');
    expect(transformation).not.toHaveProperty('Dimensions');
  }
});

test('a field is taken from lines of its own event and function only', () => {
  const acks = filters.filter(
    ({ MetricTransformations }) =>
      (MetricTransformations as Properties[])[0]?.MetricName === 'AckMilliseconds',
  );
  expect(acks).toEqual([
    expect.objectContaining({ FilterPattern: '{ ($.event = "published") && ($.ack_ms >= 0) }' }),
  ]);
  expect(flattened(acks[0]?.LogGroupName)).toBe('<FunctionsDefaultFunctionLog>');
});

test('each alarm leads to its section of the runbook, and is silent without data', () => {
  const runbook = readFileSync(path.join(__dirname, '../../docs/runbook.md'), 'utf8');
  const headings = [...runbook.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
  const withoutSettings = alarmNames.filter((name) => thresholdOf(alarmTable[name], {}) !== undefined);
  expect(alarms).toHaveLength(withoutSettings.length);
  expect(headings).toEqual(
    expect.arrayContaining(alarmNames.map((name) => anchorOf(alarmTable[name].section))),
  );
  for (const alarm of alarms) {
    const [, anchor] = /docs\/runbook\.md#(\S+)$/.exec(alarm.AlarmDescription as string) ?? [];
    expect(headings).toContain(anchor);
    expect(alarm).toMatchObject({ TreatMissingData: 'notBreaching' });
    expect(alarm).not.toHaveProperty('AlarmActions');
  }
});

// The HTTP API answered 500 to every request, and no alarm said so.
test('a function that ends without an answer raises an alarm, by its errors or by its event in the failure queue', () => {
  const { series, expression } = alarmTable.FunctionsFailing;
  const watched = Object.values<AlarmSeries>(series).flatMap((each) => ('lambda' in each ? [each.of] : []));
  const keepsEvent = functionNames.filter((name) => {
    const { asynchronous } = functionTable[name];
    return asynchronous !== undefined && !asynchronous.hasContent;
  });
  // Its copies are best effort: the logs of the other functions have the lines.
  expect([...watched, ...keepsEvent, 'audit'].sort()).toEqual([...functionNames].sort());
  expect(expression).toBe(`SUM([${Object.keys(series).join(', ')}])`);
});

test('an idle deployment pays for alarms and the dashboard only: at most $5 a month', () => {
  // An alarm is billed by its metrics; a custom metric only for the hours in which it has data.
  const alarmMetrics = Object.values(alarmTable).flatMap(({ series }) => Object.keys(series)).length;
  const dashboards = Object.keys(resources(template, 'AWS::CloudWatch::Dashboard')).length;
  expect(alarmMetrics * 0.1 + dashboards * 3).toBeLessThanOrEqual(5);
});

test('a topic gets the alarms and their end', () => {
  const alarmTopicArn = 'arn:aws:sns:eu-west-1:111122223333:on-call';
  const withTopic = templateOf({ monitoring: { alarmTopicArn } });
  for (const { Properties } of Object.values(resources(withTopic, 'AWS::CloudWatch::Alarm'))) {
    expect(Properties).toMatchObject({ AlarmActions: [alarmTopicArn], OKActions: [alarmTopicArn] });
  }
});

test('a budget of work units has an alarm of its own, over an hour', () => {
  const withBudget = templateOf({ monitoring: { workUnitsPerHour: 5_000 } });
  const added = Object.values(resources(withBudget, 'AWS::CloudWatch::Alarm')).filter(
    ({ Properties }) => Properties.MetricName === 'WorkUnits',
  );
  expect(added).toEqual([
    expect.objectContaining({
      Properties: expect.objectContaining({ Threshold: 5_000, Period: 3_600, Statistic: 'Sum' }),
    }),
  ]);
});

test('what is published over HTTP or by the queue is in the metrics of publishes', () => {
  const withQueue = templateOf({ publishQueue: { allow: [{ tenant: 'acme', agents: ['*'] }] } });
  const filtersOf = (name: string, all = withQueue) =>
    Object.values(resources(all, 'AWS::Logs::MetricFilter'))
      .filter(({ Properties }) => (Properties.MetricTransformations as Properties[])[0]?.MetricName === name)
      .map(({ Properties }) => [flattened(Properties.LogGroupName), Properties.FilterPattern as string]);
  const failed = '(($.errors = "*unavailable*") || ($.errors = "*internal*"))';
  expect(filtersOf('PublishesFailed')).toEqual([
    ['<FunctionsDefaultFunctionLog>', `{ ($.event = "published") && ${failed} }`],
    ['<FunctionsHttpFunctionLog>', `{ ($.event = "request") && ${failed} }`],
    ['<FunctionsPublishQueueFunctionLog>', `{ ($.event = "published") && ${failed} }`],
  ]);
  expect(filtersOf('WorkUnits')).toEqual([
    ['<FunctionsDefaultFunctionLog>', '{ ($.event = "published") && ($.work_units >= 0) }'],
    ['<FunctionsHttpFunctionLog>', '{ ($.event = "request") && ($.work_units >= 0) }'],
    ['<FunctionsPresenceFunctionLog>', '{ ($.event = "presence_told") && ($.work_units >= 0) }'],
  ]);
  expect(filtersOf('PublishesFailed', template)).toHaveLength(2);
});

test('with events, each function that sends them makes data of those that were not sent, and one is an alarm', () => {
  const publishQueue = { allow: [{ tenant: 'acme', agents: ['*'] }] };
  const withEvents = templateOf({ events: {}, publishQueue });
  const senders = Object.values(resources(withEvents, 'AWS::Lambda::Function'))
    .filter(({ Properties }) => 'EVENT_BUS' in ((Properties.Environment?.Variables ?? {}) as object))
    .map(({ Properties }) => flattened((Properties.LoggingConfig as Properties).LogGroup));
  const sources = Object.values(resources(withEvents, 'AWS::Logs::MetricFilter')).filter(
    ({ Properties }) => (Properties.MetricTransformations as Properties[])[0]?.MetricName === 'EventsNotSent',
  );
  expect(senders).toHaveLength(9);
  expect(sources.map(({ Properties }) => flattened(Properties.LogGroupName)).sort()).toEqual(senders.sort());
  for (const { Properties } of sources)
    expect(Properties.FilterPattern).toBe('{ $.event = "event_not_sent" }');
  const raised = Object.values(resources(withEvents, 'AWS::CloudWatch::Alarm')).filter(
    ({ Properties }) => Properties.MetricName === 'EventsNotSent',
  );
  expect(raised).toEqual([
    expect.objectContaining({
      Properties: expect.objectContaining({ Threshold: 0, Statistic: 'Sum', Period: 300 }),
    }),
  ]);
  expect(JSON.stringify(resources(withEvents, 'AWS::CloudWatch::Dashboard'))).toContain('EventsNotSent');
});

test('deployments have metrics of their own', () => {
  const blue = templateOf({ deployment: 'blue' });
  expect(JSON.stringify(resources(blue, 'AWS::Logs::MetricFilter'))).not.toContain('ArtCafePubSub/artcafe');
});

test('"monitoring": false leaves all of it out', () => {
  const without = templateOf({ monitoring: false });
  for (const type of ['AWS::Logs::MetricFilter', 'AWS::CloudWatch::Alarm', 'AWS::CloudWatch::Dashboard'])
    expect(resources(without, type)).toEqual({});
});
