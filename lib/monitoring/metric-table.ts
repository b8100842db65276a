/**
 * The metrics, one row each: the log lines that they are made of. CloudWatch's metric filters, the laptop's
 * `/_gateway/metrics` and the tests follow from it. Without a matching line there is no data, which costs nothing.
 */
import { functionNames, type FunctionName, type OptionalFunctionName } from '../functions/function-row';
import { functionTable } from '../functions/function-table';

/** One kind of log line of one function; none where a setting leaves the function out. */
export interface MetricSource {
  readonly of: FunctionName | OptionalFunctionName;
  readonly event: string;
  /** The field with the value; absent = the lines are counted. */
  readonly field?: string;
  /** Only lines whose field has one of these texts; `*` stands for any text. */
  readonly where?: { readonly field: string; readonly isOneOf: readonly string[] };
}

export interface MetricRow {
  readonly unit: 'Count' | 'Milliseconds';
  /** The setting without which no line can come. */
  readonly onlyWith?: 'events';
  readonly sources: readonly MetricSource[];
}

/** The line about the messages of one text message, request or message of the publish queue. */
const published = [
  { of: 'default', event: 'published' },
  { of: 'http', event: 'request' },
  { of: 'publishQueue', event: 'published' },
] as const;
const [socket, http] = published;

const sum = (field: string, sources: readonly MetricSource[] = published): MetricRow => ({
  unit: 'Count',
  sources: sources.map((source) => ({ ...source, field })),
});

/** What came of the posts to receivers: in the publisher's function, and in the workers of wide channels. */
const posts = (field: string): MetricRow =>
  sum(field, [...published, { of: 'fanOut', event: 'chunk_served' }]);

const count = (...sources: readonly MetricSource[]): MetricRow => ({ unit: 'Count', sources });
const time = (source: MetricSource): MetricRow => ({ unit: 'Milliseconds', sources: [source] });

const eventSenders = [...functionNames, 'publishQueue' as const].filter((name) =>
  functionTable[name].grants.some(({ to }) => to === 'put-events'),
);

export const metricTable = {
  MessagesPublished: sum('messages'),
  PublishesFailed: count(
    ...published.map((source) => ({
      ...source,
      where: { field: 'errors', isOneOf: ['*unavailable*', '*internal*'] },
    })),
  ),
  // The publish queue is not charged.
  WorkUnits: sum('work_units', [socket, http, { of: 'presence', event: 'presence_told' }]),
  MessagesRateLimited: sum('frames', [
    { of: 'default', event: 'rate_limited' },
    { of: 'http', event: 'rate_limited' },
  ]),
  AckMilliseconds: time({ ...socket, field: 'ack_ms' }),
  SlowestPostMilliseconds: time({ ...socket, field: 'slowest_post_ms' }),
  PostsDelivered: posts('delivered'),
  PostsGone: posts('gone'),
  PostsThrottled: posts('throttled'),
  PostsLost: count(
    ...posts('undelivered').sources,
    {
      of: 'default',
      event: 'reply_not_delivered',
      where: { field: 'outcome', isOneOf: ['lost', 'failed', 'refused'] },
    },
    ...published.map(({ of }) => ({ of, event: 'chunk_not_started', field: 'receivers' })),
  ),
  ConnectionsOpened: count({ of: 'connect', event: 'connected' }),
  HandshakesUnauthorized: count({ of: 'authorizer', event: 'unauthorized' }),
  HandshakesDenied: count({ of: 'authorizer', event: 'denied' }),
  HandshakesRefused: count({ of: 'connect', event: 'refused' }),
  AuthorizerErrors: count({ of: 'authorizer', event: 'authorizer_failed' }),
  ConnectErrors: count({ of: 'connect', event: 'connect_failed' }),
  InboxMessagesStored: sum('stored'),
  InboxMessagesPushed: count({ of: 'inbox', event: 'inbox_pushed', field: 'messages' }),
  SweepFindings: count({ of: 'sweep', event: 'swept', field: 'findings' }),
  EventsNotSent: {
    ...count(...eventSenders.map((of) => ({ of, event: 'event_not_sent' }))),
    onlyWith: 'events',
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof metricTable;
export const metricNames = Object.keys(metricTable) as readonly MetricName[];
