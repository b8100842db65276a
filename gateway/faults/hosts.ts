/** The threads of the functions, so that a fault can select a function, end the calling thread, or set the clock of that thread. */
import type { IncomingHttpHeaders } from 'node:http';
import { type Caller, callerOf } from '../caller';

interface Host extends Caller {
  /** One 64-bit float in shared memory: the clock error of the thread in milliseconds. */
  readonly skew: Float64Array;
  end(): Promise<void>;
}

export class Hosts {
  private readonly hosts = new Map<string, Host>();

  constructor(private readonly skewOf: (functionName: string) => number) {}

  /** `end` stops the thread immediately. Returns the clock error of the thread. */
  add({ functionName, thread }: Caller, end: () => Promise<void>): Float64Array {
    const skew = new Float64Array(new SharedArrayBuffer(8));
    skew[0] = this.skewOf(functionName);
    this.hosts.set(thread, { functionName, thread, skew, end });
    return skew;
  }

  remove({ thread }: Caller): void {
    this.hosts.delete(thread);
  }

  /** The thread that makes the call. */
  callerOf(headers: IncomingHttpHeaders): Host | undefined {
    return this.hosts.get(callerOf(headers).thread);
  }

  setClocks(): void {
    for (const { functionName, skew } of this.hosts.values()) skew[0] = this.skewOf(functionName);
  }
}
