/** `GET /_gateway/metrics`: the metrics of CloudWatch in the text format of Prometheus. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { reply } from '../http/http-reply';
import { type Metric, percentile } from './metric';
import type { Metrics } from './metrics';

export const metricsPath = '/_gateway/metrics';

const contentType = 'text/plain; version=0.0.4; charset=utf-8';

export function serveMetrics(request: IncomingMessage, response: ServerResponse, metrics: Metrics): void {
  if (request.method !== 'GET') {
    reply(response, 405, { message: 'GET reads the metrics.' }, { Allow: 'GET' });
  } else {
    reply(response, 200, prometheusText(metrics.read()), { 'Content-Type': contentType });
  }
}

/** Times are summaries, everything else is a counter. */
export function prometheusText(metrics: readonly Metric[]): string {
  const byName = new Map<string, Metric[]>();
  for (const metric of metrics) {
    const name = nameOf(metric);
    byName.set(name, [...(byName.get(name) ?? []), metric]);
  }
  return [...byName]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([name, same]) => {
      const type = same.every(isTime) ? 'summary' : 'counter';
      return [`# TYPE ${name} ${type}`, ...same.flatMap((metric) => samples(name, metric))];
    })
    .map((line) => `${line}\n`)
    .join('');
}

function samples(name: string, metric: Metric): string[] {
  const labels = { namespace: metric.namespace, ...metric.dimensions };
  if (!isTime(metric)) return [`${name}${labelText(labels)} ${metric.sum}`];
  return [
    ...[0.5, 0.99].map(
      (quantile) =>
        `${name}${labelText({ ...labels, quantile: String(quantile) })} ${percentile(metric.values, quantile)}`,
    ),
    `${name}_sum${labelText(labels)} ${metric.sum}`,
    `${name}_count${labelText(labels)} ${metric.count}`,
  ];
}

function isTime({ unit }: Metric): boolean {
  return unit === 'Milliseconds';
}

/** `AckMilliseconds` → `ack_milliseconds`, `PostsLost` → `posts_lost_total`. */
function nameOf(metric: Metric): string {
  const name = metric.name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toLowerCase();
  return isTime(metric) ? name : `${name}_total`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`,
  );
  return `{${pairs.join()}}`;
}
