/** The inputs of the model, each with its source: `measured` by us, `listed` by AWS, or `assumed`. */

export interface Input {
  readonly value: number;
  readonly unit: string;
  readonly mark: 'measured' | 'listed' | 'assumed';
  readonly source: string;
}

export const inputs = {
  requestsPerSecond: {
    value: 10_000,
    unit: 'requests/s per account and Region, messages in and calls to @connections together',
    mark: 'listed',
    source: 'API Gateway quotas; can be raised. 2,500 in newer Regions',
  },
  requestBurst: { value: 5_000, unit: 'requests', mark: 'listed', source: 'API Gateway quotas; set by AWS' },
  connectsPerSecond: {
    value: 500,
    unit: 'handshakes/s per account and Region',
    mark: 'listed',
    source: 'API Gateway quotas; can be raised',
  },
  connectBurst: { value: 500, unit: 'handshakes', mark: 'listed', source: 'API Gateway quotas' },
  connectionSeconds: {
    value: 7_200,
    unit: 's',
    mark: 'listed',
    source: 'API Gateway: a connection ends after two hours',
  },
  concurrency: {
    value: 1_000,
    unit: 'concurrent invocations per account and Region',
    mark: 'listed',
    source: 'Lambda quotas; can be raised. A new account may have 10',
  },
  concurrencyPerTenSeconds: {
    value: 1_000,
    unit: 'more invocations of one function every 10 s',
    mark: 'listed',
    source: 'Lambda scaling; fixed',
  },
  partitionWrites: {
    value: 1_000,
    unit: 'write units/s of one channel’s log',
    mark: 'listed',
    source: 'DynamoDB partition limits; fixed',
  },
  partitionReads: {
    value: 3_000,
    unit: 'read units/s of one channel’s subscribers',
    mark: 'listed',
    source: 'DynamoDB partition limits; fixed',
  },
  postMs: {
    value: 15,
    unit: 'ms, median of a post (lognormal, sigma 0.5)',
    mark: 'assumed',
    source: 'AWS publishes none',
  },
  cpuMsPerPost: {
    value: 0.081,
    unit: 'ms of a whole vCPU per post over TLS, lean sender',
    mark: 'measured',
    source: 'docs/costs.md',
  },
  cpuShare: { value: 0.289, unit: 'vCPU at 512 MB', mark: 'listed', source: 'Lambda: 1,769 MB is one vCPU' },
  startMs: {
    value: 200,
    unit: 'ms until an asynchronously started worker posts',
    mark: 'assumed',
    source: 'a cold start among them',
  },
  subscriptionBytes: {
    value: 110,
    unit: 'B per subscription row',
    mark: 'measured',
    source: 'docs/costs.md',
  },
  claimMs: {
    value: 5,
    unit: 'ms between the head read and the put of a publish',
    mark: 'assumed',
    source: 'two DynamoDB calls; see docs/adr/002-claim-by-conditional-put.md',
  },
} as const satisfies Record<string, Input>;

export type Inputs = Readonly<Record<keyof typeof inputs, number>>;

export function valuesOf(changes: Partial<Inputs> = {}): Inputs {
  const values = Object.fromEntries(Object.entries(inputs).map(([name, { value }]) => [name, value]));
  return { ...(values as Inputs), ...changes };
}
