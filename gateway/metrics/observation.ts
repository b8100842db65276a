/** What an operator sees of the functions: their log lines, the metrics made of them, and the pages of both. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock';
import { LogLines } from '../logs/log-lines';
import { logsPath, serveLogs } from '../logs/logs-page';
import type { Logger } from '../options';
import { type Dispatch, Subscriptions } from '../logs/subscriptions';
import type { AppModel } from '../template/model';
import { Metrics } from './metrics';
import { metricsPath, serveMetrics } from './metrics-page';

type Page = (request: IncomingMessage, response: ServerResponse) => void;

export class Observation {
  readonly metrics: Metrics;
  /** Set once the functions are there: before that no line can match. */
  dispatch: Dispatch = () => Promise.resolve();
  /** By path. */
  readonly pages: ReadonlyMap<string, Page>;
  private readonly lines: LogLines;
  private readonly subscriptions: Subscriptions;

  /** `forward` gets every entry too. */
  constructor(
    clock: Clock,
    { metricFilters, logSubscriptions }: Pick<AppModel, 'metricFilters' | 'logSubscriptions'>,
    private readonly forward: Logger = () => undefined,
  ) {
    const lines = new LogLines(clock);
    const metrics = new Metrics(metricFilters);
    this.subscriptions = new Subscriptions(logSubscriptions);
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
    for (const line of this.lines.add(entry)) {
      this.metrics.addLine(line);
      this.subscriptions.addLine(line, this.dispatch);
    }
    this.forward(entry);
  };
}
