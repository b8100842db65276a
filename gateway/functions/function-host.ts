/**
 * One worker thread of a function, seen from the gateway: start, one event at a time, timeout, crash. Every
 * invocation settles exactly once, whatever the function does.
 */
import { randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { join } from 'node:path';
import { type Caller, sessionTokenOf } from '../caller';
import type { CostMeter } from '../costs/meter';
import type { Hosts } from '../faults/hosts';
import { messageOf } from '../json';
import { limits } from '../platform';
import type { FunctionModel } from '../template/model';
import type { FunctionError, WorkerMessage, WorkerSettings } from './worker-messages';

export type InvocationResult = { ok: true; payload: string } | { ok: false; error: FunctionError };

export interface Invocation {
  requestId: string;
  payload: string;
  settle(result: InvocationResult): void;
}

export interface HostEvents {
  /** The thread waits for an event: after loading, and after each event. */
  onIdle(host: FunctionHost): void;
  /** The thread ended; `initError` when it did not load. */
  onGone(host: FunctionHost, initError: FunctionError | undefined): void;
  onOutput(stream: 'stdout' | 'stderr' | 'platform', text: string, requestId: string | undefined): void;
}

export interface HostSettings {
  model: FunctionModel;
  workerCode: string;
  environment: Record<string, string>;
  clockOffset: Float64Array;
  costs: Pick<CostMeter, 'began' | 'ended'>;
  /** The registry of threads; only when the gateway has a fault plan. */
  faultyHosts?: Hosts | undefined;
  /** Whether a thread handles a second event. Lambda does both. */
  reuseThreads: boolean;
  /** Maximum per function. */
  threads: number;
}

export class FunctionHost {
  private readonly worker: Worker;
  private readonly wakeUp = new Int32Array(new SharedArrayBuffer(4));
  private current: Invocation | undefined;
  private timer: NodeJS.Timeout;
  private ready = false;
  private hasRun = false;
  private stopping = false;
  private gone = false;
  private initError: FunctionError | undefined;
  private crash: FunctionError | undefined;
  private readonly caller: Caller;

  constructor(
    private readonly settings: HostSettings,
    private readonly events: HostEvents,
  ) {
    const { model, workerCode, environment, clockOffset, faultyHosts } = settings;
    this.caller = { functionName: model.name, thread: randomUUID() };
    const workerData: WorkerSettings = {
      file: join(model.directory, `${model.module}.js`),
      exportName: model.exportName,
      functionName: model.name,
      functionArn: model.arn,
      memoryMb: model.memoryMb,
      timeoutMs: model.timeoutMs,
      clockOffset,
      clockSkew: faultyHosts?.add(this.caller, () => this.stop()),
      wakeUp: this.wakeUp,
    };
    // Arguments are not inherited, because functions must not use a loader of the gateway's process.
    this.worker = new Worker(workerCode, {
      eval: true,
      env: { ...environment, AWS_SESSION_TOKEN: sessionTokenOf(this.caller) },
      execArgv: [],
      stdout: true,
      stderr: true,
      workerData,
    });
    this.worker.on('message', (message: WorkerMessage) => {
      this.onMessage(message);
    });
    this.worker.on('error', (error) => {
      this.crash = describeCrash(error);
    });
    this.worker.on('exit', (code) => {
      this.end(code);
    });
    this.timer = setTimeout(() => {
      this.initError = { errorType: 'Sandbox.Timedout', errorMessage: 'Init timed out after 10 seconds' };
      void this.worker.terminate();
    }, limits.initMs);
  }

  /** Whether it cannot handle another event. */
  get isUsedUp(): boolean {
    return !this.settings.reuseThreads && this.hasRun;
  }

  run(invocation: Invocation): void {
    this.hasRun = true;
    this.current = invocation;
    this.settings.costs.began(this.caller);
    const { requestId, payload } = invocation;
    const { timeoutMs } = this.settings.model;
    this.timer = setTimeout(() => {
      const seconds = (timeoutMs / 1000).toFixed(2);
      const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`;
      this.settle({ ok: false, error: { errorType: 'Sandbox.Timedout', errorMessage } });
      void this.stop();
    }, timeoutMs);
    this.worker.postMessage({ requestId, payload });
    Atomics.store(this.wakeUp, 0, 1);
    Atomics.notify(this.wakeUp, 0);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.worker.terminate();
  }

  private onMessage(message: WorkerMessage): void {
    switch (message.kind) {
      case 'output':
        this.events.onOutput(message.stream, message.text.replace(/\n$/, ''), this.current?.requestId);
        return;
      case 'ready':
        clearTimeout(this.timer);
        this.ready = true;
        this.events.onIdle(this);
        return;
      case 'init-error':
        this.initError = message.error;
        return;
      case 'result':
        this.settle({ ok: true, payload: message.payload });
        break;
      case 'error':
        this.settle({ ok: false, error: message.error });
        break;
    }
    // An answer can still arrive while the thread is terminated after its timeout.
    if (!this.stopping && !this.gone) this.events.onIdle(this);
  }

  /** Lambda replaces an environment whose process ended. */
  private end(code: number): void {
    if (this.gone) return;
    this.gone = true;
    this.settings.faultyHosts?.remove(this.caller);
    clearTimeout(this.timer);
    const error = this.crash ?? {
      errorType: 'Runtime.ExitError',
      errorMessage: `RequestId: ${this.current?.requestId ?? 'none'} Error: Runtime exited with exit status ${code}`,
    };
    this.settle({ ok: false, error });
    this.events.onGone(this, this.ready ? undefined : (this.initError ?? error));
  }

  private settle(result: InvocationResult): void {
    clearTimeout(this.timer);
    const invocation = this.current;
    this.current = undefined;
    if (invocation === undefined) return;
    this.settings.costs.ended(this.caller);
    if (!result.ok) this.events.onOutput('platform', describe(result.error), invocation.requestId);
    invocation.settle(result);
  }
}

function describe({ errorType, errorMessage, trace }: FunctionError): string {
  return trace === undefined ? `${errorType}: ${errorMessage}` : trace.join('\n');
}

function describeCrash(error: unknown): FunctionError {
  return {
    errorType: error instanceof Error ? error.name : 'Runtime.UserCodeError',
    errorMessage: messageOf(error),
    ...(error instanceof Error && error.stack !== undefined && { trace: error.stack.split('\n') }),
  };
}
