/** CloudWatch's metrics on the laptop: metric filters of the template, and what the platform itself counts. */
import { parsePattern } from '../../gateway/metrics/filter-pattern';
import { prometheusText } from '../../gateway/metrics/metrics-page';
import { percentile } from '../../gateway';
import { accept } from './helpers/assembly';
import { connect } from './helpers/client';
import { run, stopAll } from './helpers/running';

afterAll(stopAll);

test.each([
  ['{ $.event = "said" }', true],
  ['{ $.event = "sai*" && $.ms >= 5 }', true],
  ['{ ($.event = "other") || ($.ms < 6) }', true],
  ['{ ($.event = "said") && ($.ms = *) }', true],
  ['{ $.record.status = "timeout" }', true],
  ['{ $.ids[1] = "m2" }', true],
  ['{ $.ok IS TRUE }', true],
  ['{ $.absent NOT EXISTS }', true],
  ['{ $.event != "said" }', false],
  ['{ $.absent != "said" }', false],
  ['{ $.absent = * }', false],
  ['{ $.ms > 5 }', false],
  ['{ $.event = "s.id" }', false],
  ['{ $.ids = * && $.ms = "5" && $.ms = 5 }', true],
])('the pattern %s: %s', (pattern, expected) => {
  const line = { event: 'said', ms: 5, ok: true, ids: ['m1', 'm2'], record: { status: 'timeout' } };
  expect(parsePattern(pattern)?.(line)).toBe(expected);
});

test('a pattern that is not for JSON is none of ours; one that cannot be evaluated is an error', () => {
  expect(parsePattern('ERROR')).toBeUndefined();
  for (const pattern of ['{ $.a ~ 1 }', '{ ($.a = 1 }', '{ $.a = 1 $.b = 2 }', '{ event = "x" }'])
    expect(() => parsePattern(pattern)).toThrow('cannot evaluate');
});

test('a percentile is a value that occurred', () => {
  const values = Array.from({ length: 200 }, (_, n) => 200 - n);
  expect(percentile(values, 0.5)).toBe(100);
  expect(percentile(values, 0.99)).toBe(198);
  expect(percentile([], 0.99)).toBe(0);
});

test('times are summaries, everything else is a counter', () => {
  const key = { namespace: 'My "App"', dimensions: {} };
  const text = prometheusText([
    { ...key, name: 'AckMilliseconds', unit: 'Milliseconds', sum: 30, count: 2, values: [10, 20] },
    { ...key, name: 'PostsLost', unit: 'Count', sum: 3, count: 1, values: [3] },
  ]);
  expect(text.split('\n')).toEqual([
    '# TYPE ack_milliseconds summary',
    'ack_milliseconds{namespace="My \\"App\\"",quantile="0.5"} 10',
    'ack_milliseconds{namespace="My \\"App\\"",quantile="0.99"} 20',
    'ack_milliseconds_sum{namespace="My \\"App\\""} 30',
    'ack_milliseconds_count{namespace="My \\"App\\""} 2',
    '# TYPE posts_lost_total counter',
    'posts_lost_total{namespace="My \\"App\\""} 3',
    '',
  ]);
});

/** Logs a number, or fails. */
const moody = `exports.handler = async ({ body }) => {
  if (body === 'fail') throw new Error('as asked');
  console.log(JSON.stringify({ event: 'said', n: body === 'none' ? undefined : Number(body) }));
  return { statusCode: 200 };
};`;

test('the filters of the template count the lines of their log group; a failure is counted as Lambda does', async () => {
  const filter = (group: unknown, name: string, pattern: string, value: string) => ({
    Type: 'AWS::Logs::MetricFilter',
    Properties: {
      LogGroupName: group,
      FilterPattern: pattern,
      MetricTransformations: [{ MetricNamespace: 'App', MetricName: name, MetricValue: value }],
    },
  });
  const { gateway, url, recorder } = await run({
    functions: { Connect: accept, Default: moody },
    resources: {
      Said: filter('/aws/lambda/Test-Default', 'Said', '{ $.n = * }', '$.n'),
      Lines: filter('/aws/lambda/Test-Default', 'Lines', '{ $.event = "said" }', '1'),
      Elsewhere: filter('/aws/lambda/Test-Connect', 'Elsewhere', '{ $.event = "said" }', '1'),
      OtherGroup: filter('of-another-stack', 'OtherGroup', '{ $.event = "said" }', '1'),
    },
  });
  const client = await connect(url);
  for (const text of ['3', '4', 'none']) client.send(text);
  await recorder.entry(() => recorder.entries.filter(({ text }) => text.includes('said')).length === 3);
  client.send('fail');
  await client.next();
  const sums = gateway.metrics().map(({ namespace, name, sum }) => [namespace, name, sum]);
  expect(sums.sort()).toEqual([
    ['AWS/Lambda', 'Errors', 1],
    ['App', 'Lines', 3],
    ['App', 'Said', 7],
  ]);
  const page = await fetch(`http://127.0.0.1:${String(gateway.port)}/_gateway/metrics`);
  expect(page.headers.get('content-type')).toContain('version=0.0.4');
  expect((await page.text()).split('\n')).toContain('said_total{namespace="App"} 7');
});
