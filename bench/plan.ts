/** The plan of a full run, and of a quick one that takes a minute. */
import type { BroadcastOptions } from './broadcast/run';
import type { CostCase } from './costs/run';
import { type ContenderName, contenderNames } from './contenders/contender';
import type { Scenario } from './contenders/run';
import type { SigningTask } from './signing/variants';

export interface Plan {
  readonly signing: SigningTask;
  readonly broadcasts: readonly BroadcastOptions[];
  readonly contenders: readonly ContenderName[];
  readonly scenarios: readonly Scenario[];
  readonly repetitions: number;
  readonly durationMs: number;
  readonly costs: readonly CostCase[];
  readonly serverScenarios: readonly Scenario[];
  readonly initRepetitions: number;
}

/** Slow enough for every contender on an idle machine with two cores. */
const fullScenarios: readonly Scenario[] = [
  { subscribers: 1, bytes: 200, intervalMs: 50 },
  { subscribers: 10, bytes: 200, intervalMs: 100 },
  { subscribers: 100, bytes: 200, intervalMs: 500 },
  { subscribers: 1_000, bytes: 200, intervalMs: 2_000 },
  { subscribers: 100, bytes: 2_000, intervalMs: 500 },
  { subscribers: 100, bytes: 20_000, intervalMs: 500 },
];

const lean = (subscribers: number, kind: CostCase['kind']): CostCase => ({
  contender: 'lean',
  subscribers,
  kind,
  otherConnections: 0,
});

function overBoth(options: Omit<BroadcastOptions, 'transport'>): BroadcastOptions[] {
  return [
    { ...options, transport: 'plain' },
    { ...options, transport: 'tls' },
  ];
}

export const fullPlan: Plan = {
  signing: { rounds: 5, signatures: 100_000 },
  broadcasts: overBoth({ recipients: 10_000, bytes: 200, latencyMs: 8, repetitions: 5 }),
  contenders: contenderNames,
  scenarios: fullScenarios,
  repetitions: 3,
  durationMs: 10_000,
  costs: [
    ...[1, 10, 100, 1_000, 10_000].map((subscribers) => lean(subscribers, 'durable')),
    ...[1, 10, 100, 1_000].map((subscribers) => lean(subscribers, 'ephemeral')),
    lean(100, 'burst'),
    { contender: 'lean', subscribers: 10, kind: 'durable', otherConnections: 100_000 },
    { contender: 'naive', subscribers: 10, kind: 'durable', otherConnections: 100_000 },
  ],
  serverScenarios: [
    { subscribers: 100, bytes: 200, intervalMs: 100 },
    { subscribers: 1_000, bytes: 200, intervalMs: 500 },
    { subscribers: 100, bytes: 20_000, intervalMs: 100 },
  ],
  initRepetitions: 15,
};

export const quickPlan: Plan = {
  signing: { rounds: 3, signatures: 10_000 },
  broadcasts: overBoth({ recipients: 1_000, bytes: 200, latencyMs: 8, repetitions: 1 }),
  contenders: ['lean', 'sdk', 'naive'],
  scenarios: [{ subscribers: 20, bytes: 200, intervalMs: 100 }],
  repetitions: 1,
  durationMs: 1_500,
  costs: [lean(100, 'durable'), lean(1_000, 'durable'), lean(100, 'ephemeral'), lean(100, 'burst')],
  serverScenarios: [{ subscribers: 100, bytes: 200, intervalMs: 100 }],
  initRepetitions: 0,
};
