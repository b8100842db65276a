/**
 * The worker threads of one function: each handles one event at a time. While events wait, more threads start, up to
 * a limit. A waiting event goes to the first free thread.
 */
import { randomUUID } from 'node:crypto';
import { messageOf } from '../json';
import {
  FunctionHost,
  type HostEvents,
  type HostSettings,
  type Invocation,
  type InvocationResult,
} from './function-host';
import type { FunctionError } from './worker-messages';

/** Maximum number of threads that load at the same time, because more would slow each other down. */
const startConcurrency = 2;

export const gatewayStopped: FunctionError = {
  errorType: 'GatewayStopped',
  errorMessage: 'The gateway was stopped.',
};

export class FunctionPool {
  private readonly queue: Invocation[] = [];
  private readonly hosts = new Set<FunctionHost>();
  private readonly idle: FunctionHost[] = [];
  private readonly starting = new Set<FunctionHost>();
  private closed = false;

  constructor(
    private readonly settings: HostSettings,
    private readonly report: HostEvents['onOutput'],
  ) {}

  /** Whether an event waits for a thread that is still loading. */
  get isLoading(): boolean {
    return this.starting.size > 0 && this.queue.length > 0;
  }

  invoke(payload: string): Promise<InvocationResult> {
    return new Promise((settle) => {
      if (this.closed) {
        settle({ ok: false, error: gatewayStopped });
        return;
      }
      this.queue.push({ requestId: randomUUID(), payload, settle });
      this.serve();
    });
  }

  async stop(): Promise<void> {
    this.closed = true;
    for (const invocation of this.queue.splice(0)) invocation.settle({ ok: false, error: gatewayStopped });
    await Promise.all([...this.hosts].map((host) => host.stop()));
  }

  private serve(): void {
    while (this.queue.length > 0) {
      const host = this.idle.pop();
      if (host === undefined) break;
      const next = this.queue.shift();
      if (next !== undefined) host.run(next);
    }
    while (this.mayStart()) this.start();
  }

  private mayStart(): boolean {
    return (
      !this.closed &&
      this.starting.size < Math.min(this.queue.length, startConcurrency) &&
      this.hosts.size < this.settings.threads
    );
  }

  private start(): void {
    let host: FunctionHost;
    try {
      host = this.createHost();
    } catch (error) {
      // For example, NODE_OPTIONS that a thread does not support.
      this.failNext({ errorType: 'Runtime.StartError', errorMessage: messageOf(error) });
      return;
    }
    this.hosts.add(host);
    this.starting.add(host);
  }

  private createHost(): FunctionHost {
    return new FunctionHost(this.settings, {
      onIdle: (free) => {
        this.starting.delete(free);
        if (free.isUsedUp) {
          void free.stop();
          return;
        }
        this.idle.push(free);
        this.serve();
      },
      onGone: (ended, initError) => {
        this.remove(ended);
        if (initError !== undefined) this.failNext(initError);
        this.serve();
      },
      onOutput: (...output) => {
        if (!this.closed) this.report(...output);
      },
    });
  }

  private remove(host: FunctionHost): void {
    this.hosts.delete(host);
    this.starting.delete(host);
    const place = this.idle.indexOf(host);
    if (place >= 0) this.idle.splice(place, 1);
  }

  /** When a bundle does not load, the event that waited for it fails. The next event tries again. */
  private failNext(error: FunctionError): void {
    const invocation = this.queue.shift();
    if (invocation === undefined) return;
    const text = error.trace?.join('\n') ?? `${error.errorType}: ${error.errorMessage}`;
    this.report('platform', `The function did not load: ${text}`, invocation.requestId);
    invocation.settle({ ok: false, error });
  }
}
