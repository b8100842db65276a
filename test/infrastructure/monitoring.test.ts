/** Metric filters, alarms and dashboard: what they cost, and that each alarm says what to do. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { alarmNames, alarmTable } from '../../lib/monitoring/alarm-table';
import { metricNames } from '../../lib/monitoring/metric-table';
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
  expect(new Set(transformations.map(({ MetricName }) => String(MetricName)))).toEqual(new Set(metricNames));
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
  expect(alarms).toHaveLength(alarmNames.length);
  for (const alarm of alarms) {
    const [, anchor] = /docs\/runbook\.md#(\S+)$/.exec(alarm.AlarmDescription as string) ?? [];
    expect(headings).toContain(anchor);
    expect(alarm).toMatchObject({ TreatMissingData: 'notBreaching' });
    expect(alarm).not.toHaveProperty('AlarmActions');
  }
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

test('deployments have metrics of their own', () => {
  const blue = templateOf({ deployment: 'blue' });
  expect(JSON.stringify(resources(blue, 'AWS::Logs::MetricFilter'))).not.toContain('ArtCafePubSub/artcafe');
});

test('"monitoring": false leaves all of it out', () => {
  const without = templateOf({ monitoring: false });
  for (const type of ['AWS::Logs::MetricFilter', 'AWS::CloudWatch::Alarm', 'AWS::CloudWatch::Dashboard'])
    expect(resources(without, type)).toEqual({});
});
