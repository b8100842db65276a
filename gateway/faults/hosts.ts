/**
 * Who makes a call: each process of a function has an access key of its own, so that a fault can be meant for one
 * function, can end the very process that calls, and can give it a clock of its own.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { credentials } from '../platform';

export interface HostIdentity {
  readonly accessKeyId: string;
  /** One 64-bit float in shared memory: milliseconds by which the process's clock is wrong. */
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

  /** `end` cuts the process off, wherever it is. */
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

  /** The process that signed the request. */
  callerOf({ authorization = '' }: IncomingHttpHeaders): Host | undefined {
    return this.hosts.get(credential.exec(authorization)?.[1] ?? '');
  }

  setClocks(): void {
    for (const { functionName, skew } of this.hosts.values()) skew[0] = this.skewOf(functionName);
  }
}

/** With the access key that everybody shares: DynamoDB Local keeps a database per key. */
export function withSharedKey(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { authorization } = headers;
  if (authorization === undefined) return headers;
  return {
    ...headers,
    authorization: authorization.replace(credential, `Credential=${credentials.accessKeyId}/`),
  };
}
