/**
 * Identifies callers: each thread of a function has its own access key, so that a fault can select a function, end
 * the calling thread, or set the clock of that thread.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { credentials } from '../platform';

export interface HostIdentity {
  readonly accessKeyId: string;
  /** One 64-bit float in shared memory: the clock error of the thread in milliseconds. */
  readonly skew: Float64Array;
}

interface Host extends HostIdentity {
  readonly functionName: string;
  end(): Promise<void>;
}

const credential = new RegExp(`Credential=(${credentials.accessKeyId}H\\d+)/`);

export class Hosts {
  private readonly hosts = new Map<string, Host>();
  private started = 0;

  constructor(private readonly skewOf: (functionName: string) => number) {}

  /** `end` stops the thread immediately. */
  add(functionName: string, end: () => Promise<void>): HostIdentity {
    this.started += 1;
    const accessKeyId = `${credentials.accessKeyId}H${this.started}`;
    const skew = new Float64Array(new SharedArrayBuffer(8));
    skew[0] = this.skewOf(functionName);
    const host = { accessKeyId, skew, functionName, end };
    this.hosts.set(accessKeyId, host);
    return host;
  }

  remove({ accessKeyId }: HostIdentity): void {
    this.hosts.delete(accessKeyId);
  }

  /** The thread that signed the request. */
  callerOf({ authorization = '' }: IncomingHttpHeaders): Host | undefined {
    return this.hosts.get(credential.exec(authorization)?.[1] ?? '');
  }

  setClocks(): void {
    for (const { functionName, skew } of this.hosts.values()) skew[0] = this.skewOf(functionName);
  }
}

/** With the shared access key, because DynamoDB Local has a separate database per key. */
export function withSharedKey(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { authorization } = headers;
  if (authorization === undefined) return headers;
  return {
    ...headers,
    authorization: authorization.replace(credential, `Credential=${credentials.accessKeyId}/`),
  };
}
