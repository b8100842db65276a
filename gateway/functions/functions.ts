/**
 * Invokes the functions of the stack by name: synchronously, or asynchronously with Lambda's retries and failure
 * destination.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock';
import type { Metrics } from '../metrics/metrics';
import type { CostMeter } from '../costs/meter';
import type { FaultPlan } from '../faults/fault-plan';
import type { Logger } from '../options';
import type { StoredQueues } from '../queues/stored-queue';
import type { FunctionModel } from '../template/model';
import { environmentOf, type LocalEndpoints } from './environment';
import type { InvocationResult } from './function-host';
import { FunctionPool, gatewayStopped } from './function-pool';
import { invocationRecord } from './invocation-record';
import { compileWorker } from './worker-code';

/** Lambda waits one minute before its first retry of an asynchronous invocation, two before the second. */
const retryDelayMs = 60_000;

/** The result of an event that a fault plan loses. */
const lost: InvocationResult = {
  ok: false,
  error: { errorType: 'EventLost', errorMessage: 'The fault plan lost the event.' },
};

/** How long Lambda keeps a throttled asynchronous event before it tries again; such an attempt does not count. */
const throttledRetryMs = 1_000;

const throttled: InvocationResult = {
  ok: false,
  error: { errorType: 'TooManyRequestsException', errorMessage: 'Rate Exceeded.' },
};

/** Whether the function did not start because of the concurrency limit. */
export function isThrottled(result: InvocationResult): boolean {
  return result === throttled;
}

export interface FunctionOptions {
  /** Invocations of all functions at the same time. */
  concurrency: number;
  /** Events that one function handles concurrently. */
  threads: number;
  /** Whether a thread handles a second event. */
  reuseThreads: boolean;
}

const loadingPollMs = 5;

export class Functions {
  private readonly pools = new Map<string, FunctionPool>();
  private active = 0;
  private stopped = false;
  private readonly onIdle = new Set<() => void>();
  private readonly workerCode = compileWorker('functions/function-worker.ts');

  constructor(
    private readonly models: Map<string, FunctionModel>,
    private readonly publicHosts: readonly string[],
    private readonly local: LocalEndpoints,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly options: FunctionOptions,
    private readonly costs: CostMeter,
    private readonly metrics: Metrics,
    private readonly stored: Pick<StoredQueues, 'add'>,
    private readonly faultPlan: FaultPlan | undefined,
  ) {}

  /** Invocations that have not ended. */
  get running(): number {
    return this.active;
  }

  has(name: string): boolean {
    return this.models.has(name);
  }

  /** Runs the function with an event in JSON. A failure of the function is a result, not an exception. */
  async invoke(name: string, payload: string): Promise<InvocationResult> {
    // The end of a connection may invoke a function for the first time after the gateway was stopped.
    if (this.stopped) return { ok: false, error: gatewayStopped };
    if (this.active >= this.options.concurrency) {
      this.metrics.addThrottle(name);
      return throttled;
    }
    this.active += 1;
    this.costs.invoked(name, this.models.get(name)?.memoryMb ?? 0);
    try {
      const run = async (): Promise<InvocationResult> => {
        const result = await this.poolOf(name).invoke(payload);
        if (!result.ok && !this.stopped) this.metrics.addFunctionError(name);
        return result;
      };
      if (this.faultPlan === undefined) return await run();
      return (await this.faultPlan.deliver(name, payload, run)) ?? lost;
    } finally {
      this.active -= 1;
      if (this.active === 0) for (const finish of this.onIdle) finish();
    }
  }

  /**
   * Resolves when no function runs, or after `graceMs` of real time. Loading time does not count: it takes seconds on
   * a busy machine, and has its own limit.
   */
  async untilIdle(graceMs: number): Promise<void> {
    while ([...this.pools.values()].some(({ isLoading }) => isLoading)) await sleep(loadingPollMs);
    if (this.active === 0) return;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.onIdle.delete(finish);
        resolve();
      };
      const timer = setTimeout(finish, graceMs);
      this.onIdle.add(finish);
    });
  }

  /** Asynchronous invocation: retried as the stack says; the last failure goes to the log with its destination. */
  async dispatch(name: string, payload: string, attempt = 0): Promise<void> {
    const result = await this.invoke(name, payload);
    if (result.ok || this.stopped) return;
    if (isThrottled(result)) {
      this.clock.after(throttledRetryMs, () => this.dispatch(name, payload, attempt));
      return;
    }
    const model = this.models.get(name);
    if (attempt < (model?.retries ?? 0)) {
      this.clock.after(retryDelayMs * (attempt + 1), () => this.dispatch(name, payload, attempt + 1));
      return;
    }
    const destination = model?.failureDestination;
    if (model !== undefined && destination !== undefined) {
      const { error } = result;
      const record = { model, payload, error, attempts: attempt + 1, at: this.clock.now() };
      const text = invocationRecord(record);
      this.costs.queued(Buffer.byteLength(text));
      this.stored.add(destination, text);
    }
    const fate =
      destination === undefined ? 'The event is discarded.' : `The event goes to ${destination}: ${payload}`;
    this.log({
      function: name,
      stream: 'platform',
      text: `Asynchronous invocation failed for good. ${fate}`,
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all([...this.pools.values()].map((pool) => pool.stop()));
  }

  private poolOf(name: string): FunctionPool {
    const existing = this.pools.get(name);
    if (existing !== undefined) return existing;
    const model = this.models.get(name);
    if (model === undefined) throw new Error(`there is no function ${name}`);
    const settings = {
      model,
      workerCode: this.workerCode,
      environment: environmentOf(model, this.publicHosts, this.local),
      clockOffset: this.clock.offset,
      costs: this.costs,
      faultyHosts: this.faultPlan?.hosts,
      reuseThreads: this.options.reuseThreads,
      threads: this.options.threads,
    };
    const pool = new FunctionPool(settings, (stream, text, requestId) => {
      this.log({ function: name, stream, text, ...(requestId !== undefined && { requestId }) });
    });
    this.pools.set(name, pool);
    return pool;
  }
}
