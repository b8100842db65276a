/** What an operator sees of the functions: their log lines, the metrics made of them, and the pages of both. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock';
import { LogLines } from '../logs/log-lines';
import { logsPath, serveLogs } from '../logs/logs-page';
import type { Logger } from '../options';
import type { MetricFilterModel } from '../template/model';
import { Metrics } from './metrics';
import { metricsPath, serveMetrics } from './metrics-page';

type Page = (request: IncomingMessage, response: ServerResponse) => void;

export class Observation {
  readonly metrics: Metrics;
  /** By path. */
  readonly pages: ReadonlyMap<string, Page>;
  private readonly lines: LogLines;

  /** `forward` gets every entry too. */
  constructor(
    clock: Clock,
    filters: readonly MetricFilterModel[],
    private readonly forward: Logger = () => undefined,
  ) {
    const lines = new LogLines(clock);
    const metrics = new Metrics(filters);
    this.lines = lines;
    this.metrics = metrics;
    this.pages = new Map<string, Page>([
      [
        logsPath,
        (request, response) => {
          serveLogs(request, response, lines);
        },
      ],
      [
        metricsPath,
        (request, response) => {
          serveMetrics(request, response, metrics);
        },
      ],
    ]);
  }

  readonly log: Logger = (entry) => {
    for (const line of this.lines.add(entry)) this.metrics.addLine(line);
    this.forward(entry);
  };
}
