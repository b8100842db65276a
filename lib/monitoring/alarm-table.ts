/**
 * The alarms, one row each. An alarm is there only where a person must act; docs/runbook.md has a section for each. Missing data
 * does not breach.
 */
import type { FunctionName } from '../functions/function-row';
import type { MetricName } from './metric-table';

/** A series of one value for each period: of a metric of the table, or of one that AWS keeps for nothing. */
export type AlarmSeries =
  | { readonly metric: MetricName; readonly statistic: 'Sum' | 'p99' }
  | { readonly lambda: 'Errors' | 'Throttles'; readonly of: FunctionName }
  | { readonly queue: 'failures' };

export interface AlarmRow {
  /** What is wrong, in one sentence. */
  readonly says: string;
  /** The heading in docs/runbook.md. */
  readonly section: string;
  readonly series: Readonly<Record<string, AlarmSeries>>;
  /** CloudWatch metric math over the series; absent = the only series. */
  readonly expression?: string;
  /** Alarm when the value is above it: a number, or the setting that has it. Without the setting there is no such alarm. */
  readonly threshold: number | 'workUnitsPerHour';
  /** The setting without which there is no such alarm. */
  readonly onlyWith?: 'events';
  /** Default: five. */
  readonly periodMinutes?: number;
  /** How many of the last periods must be above it; default: one of one. */
  readonly periods?: { readonly breaching: number; readonly of: number };
}

const lambda = (name: 'Errors' | 'Throttles', ...functions: readonly FunctionName[]) =>
  Object.fromEntries(
    functions.map((of) => [`${of.toLowerCase()}${name}`, { lambda: name, of }]),
  ) satisfies AlarmRow['series'];

export const alarmTable = {
  AcksSlow: {
    says: 'One ACK in a hundred takes longer than 700 ms.',
    section: 'ACKs are slow',
    series: { ack: { metric: 'AckMilliseconds', statistic: 'p99' } },
    // A call to a store that is not answered is given up after 800 ms. Two periods, since a cold start can take as long once.
    threshold: 700,
    periods: { breaching: 2, of: 3 },
  },
  PublishesFailing: {
    says: 'Messages are answered with unavailable or internal.',
    section: 'Publishes fail',
    series: { failed: { metric: 'PublishesFailed', statistic: 'Sum' } },
    threshold: 10,
  },
  PostsLost: {
    says: 'One post in a hundred did not reach its connection, for another reason than its end or a throttle.',
    section: 'Posts are lost',
    series: {
      lost: { metric: 'PostsLost', statistic: 'Sum' },
      delivered: { metric: 'PostsDelivered', statistic: 'Sum' },
    },
    expression: 'IF(lost > 10, 100 * lost / SUM([lost, delivered]), 0)',
    threshold: 1,
  },
  Throttled: {
    says: 'API Gateway throttles posts, or Lambda throttles functions.',
    section: 'The account throttles',
    series: {
      posts: { metric: 'PostsThrottled', statistic: 'Sum' },
      ...lambda('Throttles', 'default', 'connect', 'authorizer'),
    },
    expression: 'SUM([posts, defaultThrottles, connectThrottles, authorizerThrottles])',
    threshold: 10,
  },
  HandshakesFailing: {
    says: 'Handshakes are answered with 500: the authorizer or connect fails.',
    section: 'Handshakes fail',
    series: {
      authorizer: { metric: 'AuthorizerErrors', statistic: 'Sum' },
      connect: { metric: 'ConnectErrors', statistic: 'Sum' },
    },
    expression: 'SUM([authorizer, connect])',
    threshold: 4,
  },
  FunctionsFailing: {
    says: 'Functions end without an answer: a crash or a timeout.',
    section: 'Functions fail',
    // Those whose failed events are in no queue: that of the others raises FailureQueueNotEmpty.
    series: lambda('Errors', 'authorizer', 'connect', 'default', 'disconnect', 'http', 'fanOut', 'presence'),
    expression:
      'SUM([authorizerErrors, connectErrors, defaultErrors, disconnectErrors, httpErrors, fanoutErrors, presenceErrors])',
    threshold: 4,
  },
  FailureQueueNotEmpty: {
    says: 'An event that an asynchronous function failed to handle is in the failure queue.',
    section: 'The failure queue is not empty',
    series: { queued: { queue: 'failures' } },
    threshold: 0,
  },
  EventsNotSent: {
    says: 'EventBridge has not taken an event.',
    section: 'Events are not sent',
    series: { lost: { metric: 'EventsNotSent', statistic: 'Sum' } },
    threshold: 0,
    onlyWith: 'events',
  },
  WorkHigh: {
    says: 'The clients have cost more work units in an hour than the setting workUnitsPerHour.',
    section: 'The clients cost too much',
    series: { work: { metric: 'WorkUnits', statistic: 'Sum' } },
    threshold: 'workUnitsPerHour',
    periodMinutes: 60,
  },
} as const satisfies Readonly<Record<string, AlarmRow>>;

export type AlarmName = keyof typeof alarmTable;
export const alarmNames = Object.keys(alarmTable) as readonly AlarmName[];

export interface AlarmSettings {
  readonly workUnitsPerHour?: number | undefined;
  /** Whether the setting `events` is on. */
  readonly events?: boolean;
}

/** `undefined` = there is no such alarm, because its setting is absent. */
export function thresholdOf({ threshold, onlyWith }: AlarmRow, settings: AlarmSettings): number | undefined {
  if (onlyWith !== undefined && settings[onlyWith] !== true) return undefined;
  return typeof threshold === 'number' ? threshold : settings[threshold];
}
