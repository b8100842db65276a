/**
 * The metrics, one row each: the log lines that they are made of. CloudWatch's metric filters, the laptop's
 * `/_gateway/metrics` and the tests follow from it. Without a matching line there is no data, which costs nothing.
 */
import type { FunctionName } from '../functions/function-table';

/** One kind of log line of one function. */
export interface MetricSource {
  readonly of: FunctionName;
  readonly event: string;
  /** The field with the value; absent = the lines are counted. */
  readonly field?: string;
  /** Only lines whose field has one of these texts; `*` stands for any text. */
  readonly where?: { readonly field: string; readonly isOneOf: readonly string[] };
}

export interface MetricRow {
  readonly unit: 'Count' | 'Milliseconds';
  readonly sources: readonly MetricSource[];
}

const published = { of: 'default', event: 'published' } as const;

/** What came of the posts to receivers: in the publisher's function, and in the workers of wide channels. */
const posts = (field: string): MetricRow => ({
  unit: 'Count',
  sources: [
    { ...published, field },
    { of: 'fanOut', event: 'chunk_served', field },
  ],
});

const count = (...sources: readonly MetricSource[]): MetricRow => ({ unit: 'Count', sources });
const time = (source: MetricSource): MetricRow => ({ unit: 'Milliseconds', sources: [source] });

export const metricTable = {
  MessagesPublished: count({ ...published, field: 'messages' }),
  PublishesFailed: count({
    ...published,
    where: { field: 'errors', isOneOf: ['*unavailable*', '*internal*'] },
  }),
  MessagesRateLimited: count({ of: 'default', event: 'rate_limited', field: 'frames' }),
  AckMilliseconds: time({ ...published, field: 'ack_ms' }),
  SlowestPostMilliseconds: time({ ...published, field: 'slowest_post_ms' }),
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
    { of: 'default', event: 'chunk_not_started', field: 'receivers' },
  ),
  ConnectionsOpened: count({ of: 'connect', event: 'connected' }),
  HandshakesUnauthorized: count({ of: 'authorizer', event: 'unauthorized' }),
  HandshakesDenied: count({ of: 'authorizer', event: 'denied' }),
  HandshakesRefused: count({ of: 'connect', event: 'refused' }),
  AuthorizerErrors: count({ of: 'authorizer', event: 'authorizer_failed' }),
  ConnectErrors: count({ of: 'connect', event: 'connect_failed' }),
  InboxMessagesStored: count({ ...published, field: 'stored' }),
  InboxMessagesPushed: count({ of: 'inbox', event: 'inbox_pushed', field: 'messages' }),
  SweepFindings: count({ of: 'sweep', event: 'swept', field: 'findings' }),
} as const satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof metricTable;
export const metricNames = Object.keys(metricTable) as readonly MetricName[];
